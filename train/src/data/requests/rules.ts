import { sqlText } from '../database.ts';

/** File endings that are no pages, as web analytics leaves them out; downloads among them. */
const ASSETS = [
  'css|js|mjs|cjs|map|json|wasm|webmanifest',
  'png|jpe?g|gif|webp|avif|svg|ico|cur|bmp|tiff?',
  'woff2?|ttf|otf|eot',
  'mp[34]|m4[av]|webm|og[gv]|wav|flac|mov|avi|swf',
  'pdf|zip|t?gz|bz2|xz|zst|rar|7z|tar|iso|dmg|exe|msi|deb|rpm|jar|apk|bin',
  'csv|tsv|txt|log|docx?|xlsx?|pptx?|odt|ods|ps|eps|tex',
].join('|');

/** RE2 pattern, as SQL text, of targets that are files and no pages. */
export const ASSET_PATTERN = sqlText(`(?i)^[^?#]*\\.(?:${ASSETS})(?:[?#]|$)`);

/** RE2 pattern, as SQL text, of feeds and site maps: by path, or by the parameters of common weblogs. */
export const FEED_PATTERN = sqlText(
  '(?i)^[^?#]*(?:/(?:feed|rss|atom)/?|\\.(?:rss|atom|rdf|xml))(?:[?#]|$)|[?&](?:flav=(?:rss|atom)|feed=|format=feed)',
);
