declare module "snarkjs" {
  /** A path, or a file held in memory. */
  type FileLike = string | { type: "mem"; data?: Uint8Array };
  type Logger = Readonly<Record<"debug" | "info" | "warn" | "error", (message: string) => void>>;
  type ProofJson = {
    readonly pi_a: readonly string[];
    readonly pi_b: readonly (readonly string[])[];
    readonly pi_c: readonly string[];
    readonly protocol: string;
    readonly curve: string;
  };
  export const wtns: {
    calculate(input: object, wasm: FileLike, out: FileLike): Promise<void>;
    check(r1cs: FileLike, witness: FileLike, logger?: Logger): Promise<boolean>;
  };
  export const groth16: {
    prove(zkey: FileLike, witness: FileLike): Promise<{ proof: ProofJson; publicSignals: readonly string[] }>;
    verify(vkey: object, publicSignals: readonly string[], proof: ProofJson): Promise<boolean>;
  };
  export const zKey: {
    newZKey(r1cs: FileLike, ptau: FileLike, zkey: FileLike, logger?: Logger): Promise<Uint8Array | -1>;
    contribute(
      from: FileLike,
      to: FileLike,
      name: string,
      entropy: string,
      logger?: Logger,
    ): Promise<Uint8Array>;
    beacon(
      from: FileLike,
      to: FileLike,
      name: string,
      beaconHex: string,
      iterationsExp: number,
      logger?: Logger,
    ): Promise<Uint8Array | false>;
    verifyFromR1cs(r1cs: FileLike, ptau: FileLike, zkey: FileLike, logger?: Logger): Promise<boolean>;
    exportVerificationKey(zkey: FileLike, logger?: Logger): Promise<Record<string, unknown>>;
  };
  export const powersOfTau: {
    newAccumulator(curve: object, power: number, file: FileLike, logger?: Logger): Promise<Uint8Array>;
    contribute(
      from: FileLike,
      to: FileLike,
      name: string,
      entropy: string,
      logger?: Logger,
    ): Promise<Uint8Array>;
    beacon(
      from: FileLike,
      to: FileLike,
      name: string,
      beaconHex: string,
      iterationsExp: number,
      logger?: Logger,
    ): Promise<Uint8Array | false>;
    preparePhase2(from: FileLike, to: FileLike, logger?: Logger): Promise<void>;
    verify(file: FileLike, logger?: Logger): Promise<boolean>;
  };
  export const curves: {
    getCurveFromName(name: string): Promise<{ terminate(): Promise<void> }>;
  };
}
