/**
 * Compiles the first of some builds of the kernel that this runtime can run.
 * @param builds the bytes of `kernel.relaxed-simd.wasm` and `kernel.simd.wasm`, the faster one first.
 * @returns undefined when it can run none: a `PlainHome` can be had anywhere.
 */
export async function compileFirst(
  builds: readonly Uint8Array<ArrayBuffer>[],
): Promise<WebAssembly.Module | undefined> {
  const runnable = builds.find((bytes) => WebAssembly.validate(bytes));
  return runnable && WebAssembly.compile(runnable);
}
