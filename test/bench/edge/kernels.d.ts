/** As the bench's bundler leaves them: modules of workerd. */
declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}
