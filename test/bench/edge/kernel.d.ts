/** As the bench's bundler leaves it: a module of workerd. */
declare module '@pathcast/models/kernel.relaxed-simd.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
