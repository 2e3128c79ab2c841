/** How long an epoch's proofs took to make: `settle` keeps it, the epoch's view shows it. */
export const proofSecondsName = (modelId: string, epoch: number): string =>
  `proof-seconds/${modelId.slice(2, 18)}-${epoch}`;
