/** As the fixture's bundler leaves it: its bytes. */
declare module '@pathcast/models/kernel.*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
