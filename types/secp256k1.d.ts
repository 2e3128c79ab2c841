// The part of secp256k1's native binding that is used. Its index would load elliptic where the binding does
// not load.
declare module "secp256k1/bindings.js" {
  const binding: {
    ecdsaSign(digest: Uint8Array, key: Uint8Array): { signature: Uint8Array; recid: number };
    ecdsaRecover(signature: Uint8Array, recid: number, digest: Uint8Array, compressed: boolean): Uint8Array;
  };
  export default binding;
}
