declare module "ffjavascript" {
  type Bytes = Uint8Array;
  interface Field {
    readonly w: readonly Bytes[];
    e(value: bigint | string): Bytes;
    toRprLE(target: Uint8Array, offset: number, element: Bytes): void;
    fromRprLE(source: Uint8Array, offset: number): Bytes;
  }
  interface Group {
    readonly gAffine: Bytes;
    readonly zero: Bytes;
    fromObject(point: readonly unknown[]): Bytes;
    toObject(point: Bytes): unknown;
    isValid(point: Bytes): boolean;
    isZero(point: Bytes): boolean;
    timesScalar(point: Bytes, scalar: Uint8Array): Bytes;
    add(left: Bytes, right: Bytes): Bytes;
    neg(point: Bytes): Bytes;
    double(point: Bytes): Bytes;
    toAffine(point: Bytes): Bytes;
  }
  interface Curve {
    readonly name: string;
    readonly Fr: Field;
    readonly G1: Group;
    readonly G2: Group;
    readonly tm: {
      readonly memory: WebAssembly.Memory;
      readonly instance: WebAssembly.Instance;
      u8: Uint8Array;
      u32: Uint32Array;
    };
    terminate(): Promise<void>;
  }
  export function buildBn128(singleThread?: boolean): Promise<Curve>;
}
