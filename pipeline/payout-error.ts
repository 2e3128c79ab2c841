/**
 * How far the integer payouts are from the same payouts in floating point: the L1 distance of the shares. It
 * says what rounding costs the contributors, not whether the computation is right; proofs and references say
 * that.
 */

import type { Profile } from "../prover/index.ts";
import { openBackbone } from "./backbone/backbone.ts";
import type { ModelState } from "./commit.ts";
import { featuresOf } from "./contribute.ts";
import type { Sample } from "./corpus/corpus.ts";
import { payoutsFloat64 } from "./influence/float64.ts";
import { shareDistance, shares } from "./influence/payouts.ts";
import type { Project } from "./project.ts";
import { keptBackbone } from "./project-backbone.ts";
import { receiptRecord } from "./receipts.ts";
import type { SettledEpoch } from "./settle.ts";

/**
 * L1 distance between what was paid, as shares of all that was paid, and the shares in float64 from end to
 * end.
 */
export async function payoutError(of: {
  readonly project: Project;
  readonly model: ModelState;
  readonly samples: readonly Sample[];
  readonly settled: SettledEpoch;
  readonly profile: Profile;
}): Promise<number> {
  const { project, model, samples, settled, profile } = of;
  const backbone = await openBackbone(keptBackbone(project, model.backbone));
  try {
    const names = model.contributors.map((contributor) => contributor.name);
    const exact = payoutsFloat64({
      features: await featuresOf(project, backbone, samples),
      labels: samples.map((sample) => sample.label),
      contributors: samples.map((sample) => names.indexOf(sample.contributor)),
      count: names.length,
      d: profile.d,
      m: profile.m,
      words: profile.words,
      lambda: model.lambda,
      queries: settled.receipts.map(receiptRecord),
    });
    return shareDistance(shares(settled.payouts.map((payout) => payout.payoutWei)), exact);
  } finally {
    await backbone.close();
  }
}
