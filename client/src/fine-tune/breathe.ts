/** Lets the page paint and answer its visitor; unlike a timer, it is not held back in a hidden tab. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const listener = () => {
      port1.close();
      resolve();
    };
    port1.addEventListener('message', listener, { once: true });
    port1.start();
    port2.postMessage(null);
  });
}
