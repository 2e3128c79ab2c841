// Verifying keys that are in order but are not those that a bundle was made with.
import { createHash } from "node:crypto";
import { type VerifyingKeysDocument, vkeyText } from "../../prover/keys/verifying.ts";

/** The same keys, but for the adjoint's δ, which is another circuit's; the manifest names it. */
export function foreignKeys(keys: VerifyingKeysDocument): VerifyingKeysDocument {
  const adjoint = { ...keys.vkeys.adjoint, vk_delta_2: keys.vkeys.model.vk_delta_2 };
  const vkeyHash = createHash("sha256").update(vkeyText(adjoint)).digest("hex");
  const { circuits } = keys.manifest;
  return {
    ...keys,
    manifest: { ...keys.manifest, circuits: { ...circuits, adjoint: { ...circuits.adjoint, vkeyHash } } },
    vkeys: { ...keys.vkeys, adjoint },
  };
}
