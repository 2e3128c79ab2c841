/** Where the proof of a model's training stands, as the contract says. */
import { MODEL_STATUS } from "../chain/types.ts";
import type { TrainingState } from "./types.ts";

/** A committed model may wait for its proof, have part of it, have all of it, or be registered without. */
export function trainingOf(known: { readonly status: bigint; readonly unproven: boolean }): TrainingState {
  const status = MODEL_STATUS[Number(known.status)];
  if (status === "proven" || status === "proving") return status;
  return known.unproven ? "none" : "committed";
}
