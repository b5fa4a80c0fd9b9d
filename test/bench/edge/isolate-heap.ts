import { fetch, type Miniflare } from 'miniflare';

/** Of Chrome's protocol: bytes. */
interface HeapUsage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize: number;
  /** Of array buffers; memories of WebAssembly are not among them. */
  readonly backingStorageSize: number;
}

/**
 * Asks workerd's inspector what a Worker holds in JavaScript: its heap and its array buffers, in bytes, garbage included.
 * Memories of WebAssembly come on top.
 * @param miniflare with an inspector, whose Worker has answered a request before.
 */
export async function heapBytes(miniflare: Miniflare): Promise<number> {
  const { host } = await miniflare.getInspectorURL();
  const { webSocket } = await fetch(`http://${host}/core:user:`, { headers: { Upgrade: 'websocket' } });
  if (!webSocket) throw new Error('workerd has no inspector');
  webSocket.accept();
  try {
    const usage = await new Promise<HeapUsage>((done) => {
      webSocket.addEventListener('message', ({ data }) => {
        const { id, result } = JSON.parse(String(data)); // Chrome's protocol
        if (id === 1) done(result);
      });
      webSocket.send(JSON.stringify({ id: 1, method: 'Runtime.getHeapUsage' }));
    });
    return usage.usedSize + usage.embedderHeapUsedSize + usage.backingStorageSize;
  } finally {
    webSocket.close();
  }
}
