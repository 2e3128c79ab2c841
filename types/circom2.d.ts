declare module "circom2" {
  type Bindings = Readonly<Record<string, unknown>>;
  class CircomRunner {
    constructor(options: {
      readonly args: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
      readonly preopens?: Readonly<Record<string, string>>;
      readonly bindings: Bindings;
    });
    execute(wasm: Uint8Array): Promise<WebAssembly.Instance>;
  }
  const circom2: {
    readonly CircomRunner: typeof CircomRunner;
    readonly bindings: Bindings;
  };
  export default circom2;
}
