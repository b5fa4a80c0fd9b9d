/** What is shown of a line at most, in characters. */
const SHOWN = 120;

/** Whatever may tell who a visitor is. */
const VISITOR = [
  /\b(?:\d{1,3}\.){3}\d{1,3}\b/g, // IPv4
  /(?<![\w:])(?:(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}|[0-9a-f:]*::[0-9a-f:]*)(?![\w:])/gi, // IPv6
  /[\w.+-]+(?:@|%40)[\w-]+\.[\w.-]+/g, // e-mail
  /"Mozilla\/[^"]*"?/g, // a browser's user agent
];

/** A line as it may be shown: addresses and user agents are hidden, control characters too, and it is cut short. */
export function maskVisitors(text: string): string {
  const masked = VISITOR.reduce((shown, pattern) => shown.replace(pattern, '…'), text.slice(0, 4 * SHOWN));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  const plain = masked.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '·');
  return plain.length > SHOWN ? `${plain.slice(0, SHOWN)}…` : plain;
}
