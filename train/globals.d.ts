/** The part of WebAssembly that is used here: Node has it, and its types leave it to the DOM's. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: { env: { memory: Memory; abort: () => void } });
    readonly exports: unknown;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}
