/**
 * Says in a terminal what is being read while it is read: large logs take minutes. Elsewhere it says nothing.
 * @param stream where to; what it says is taken back at the end.
 */
export async function showReading<T>(
  data: string,
  work: () => Promise<T>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<T> {
  if (!stream.isTTY) return work();
  stream.write(`  reading   ${data} …`);
  try {
    return await work();
  } finally {
    stream.write('\r\x1b[K'); // back to the line's beginning, and erase it
  }
}
