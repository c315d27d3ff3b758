/** The part of Node's WebAssembly that is used here: it comes without types where there is no browser. */

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
interface Engine {
  readonly Memory: new (pages: {
    readonly initial: number;
    readonly maximum: number;
  }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => WasmInstance;
  readonly RuntimeError: new (message: string) => Error;
}

export const wasm: Engine = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;
