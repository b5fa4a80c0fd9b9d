/** What `train` names a page by: the path, without a slash at its end or the name of an index file. */
export function pathOf({ pathname }: URL): string {
  return pathname.replace(/\/+((index|default)\.(x?html?|php\d?|aspx?|jsp))?$/i, '') || '/';
}
