// The one function that tests use of circomlibjs (a development dependency without types).
declare module "circomlibjs" {
  type Poseidon = {
    (inputs: readonly bigint[]): Uint8Array;
    readonly F: { toObject(element: Uint8Array): bigint };
  };
  export function buildPoseidon(): Promise<Poseidon>;
}
