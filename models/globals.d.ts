// The two globals of every JavaScript runtime that `models` uses; declared by hand so that no DOM or Node type leaks in.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(encoding?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: ArrayBufferView): string;
}
