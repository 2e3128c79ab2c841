// What cheating earns. Writers contribute their digits, test digits are asked and paid for, and the payouts
// are made by the integers that the circuits prove. Then some of the writers cheat, one after the other, and
// each one's share of the pool is compared with what the very same digits, sent in honestly, would have
// earned:
//
//   mislabel        every label is replaced by a wrong one
//   noise           as many pictures of noise, with labels drawn at random
//   copy5           own digits, five times over (byte for byte)
//   copy5_near      the same, each copy with its pixels disturbed
//   copy_others     somebody else's digits, and none of one's own
//   split_random    five accounts, digits dealt out at random
//   split_oracle    two accounts, digits that will earn in one and digits that will cost in the other
//
// The last one needs to know influences on queries that have not been asked when batches are committed. It
// bounds what splitting could ever bring.
//
// Shares are of an epoch: influence is added up over all of its queries before it is clipped at nothing. What
// clipping query by query would pay instead stands beside it.

import {
  adjoint,
  answers,
  DEFAULT_LAMBDA,
  findDuplicates,
  fitMoments,
  type Model,
  type Moments,
  moments,
  scores,
  seededRandom,
  shares,
  weights,
} from "../../pipeline/index.ts";
import { type Featured, numbered } from "./featured.ts";
import { preconditioned } from "./head.ts";
import { bootstrap, type Estimate } from "./lds.ts";

/** Samples of one account. */
type Account = {
  readonly contents: readonly Uint8Array[];
  readonly features: Int8Array;
  readonly labels: readonly number[];
};

/** Ratios of shares, cheating to honest, over the cheats' sum; intervals are over who cheats. */
export type Money = {
  /** Share of the pool paid to a tenth of the writers when all of them mislabel, and when they are honest. */
  readonly mislabelled: {
    readonly share: number;
    readonly honest: number;
    readonly perQuery: number;
    readonly honestPerQuery: number;
  };
  readonly ratios: Readonly<Record<string, Estimate>>;
  /** Honest samples that are taken for duplicates, as a share of all. */
  readonly refused: number;
  readonly contributors: number;
};

/** Who takes part, and who cheats. */
export type MoneySize = {
  readonly train: number;
  readonly queries: number;
  readonly cheats: number;
  readonly fewest: number;
};

const COPIES = 5;
const ACCOUNTS = 5;
/** A copy's pixels are disturbed by up to so much. */
const DISTURBANCE = 12;

/** Plays every fraud through. */
export async function playFrauds(featured: Featured, size: MoneySize, seed: string): Promise<Money> {
  const { profile, train, test } = featured;
  const { d } = profile;
  const n = Math.min(size.train, train.labels.length);
  const writers = numbered(train.samples.slice(0, n).map(({ contributor }) => contributor));
  const accounts = Array.from({ length: writers.count }, (_, c): Account => {
    const rows = [...writers.index.keys()].filter((i) => writers.index[i] === c);
    return {
      contents: rows.map((row) => train.samples[row]?.content as Uint8Array),
      features: joined(rows.map((row) => train.features.subarray(row * d, (row + 1) * d))),
      labels: rows.map((row) => train.labels[row] as number),
    };
  });
  const q = Math.min(size.queries, test.labels.length);
  const queries = test.features.subarray(0, q * d);
  const market = await openMarket(featured, accounts, queries);
  const random = seededRandom(`${seed}/frauds`);
  const large = accounts
    .map((_, c) => c)
    .filter((c) => (accounts[c] as Account).labels.length >= size.fewest);
  const cheats = random.shuffle(large).slice(0, size.cheats);
  const honest = await market.shares(new Map());

  type Fraud = { readonly cheat: number; readonly honest: number };
  const ratios: Record<string, Estimate> = {};
  const play = async (name: string, fraud: (c: number) => Promise<number> | number): Promise<void> => {
    const played: Fraud[] = [];
    for (const c of cheats) played.push({ cheat: await fraud(c), honest: honest[c] as number });
    const ratio = (all: readonly Fraud[]): number =>
      all.reduce((sum, one) => sum + one.cheat, 0) /
      Math.max(
        1e-12,
        all.reduce((sum, one) => sum + one.honest, 0),
      );
    ratios[name] = bootstrap(played, ratio, `${seed}/${name}`);
  };
  const alone = async (c: number, made: readonly Account[]): Promise<number> =>
    (await market.shares(new Map([[c, made]])))[c] as number;

  await play("mislabel", (c) => alone(c, [mislabelled(accounts[c] as Account, random)]));
  await play("noise", async (c) => alone(c, [await noise(featured, accounts[c] as Account, random)]));
  const exact = new Map(cheats.map((c) => [c, repeated(accounts[c] as Account, COPIES - 1)] as const));
  const near = new Map<number, Account>();
  for (const c of cheats) near.set(c, await disturbed(featured, accounts[c] as Account, COPIES - 1, random));
  // The copier of others has an account of its own; what it earns is compared with whom it copied.
  const copier = accounts.length;
  for (const [name, copies] of [
    ["copy5", exact],
    ["copy5_near", near],
  ] as const) {
    const own = (c: number, more: ReadonlyMap<number, Account>): Account[] => [
      together([accounts[c] as Account, more.get(c) as Account]),
    ];
    const left = await newOnes(featured, accounts, copies);
    await play(`${name}_before`, (c) => alone(c, own(c, copies)));
    await play(name, (c) => alone(c, own(c, left)));
  }
  const others = new Map(cheats.map((c) => [c, accounts[c] as Account] as const));
  const left = await newOnes(featured, accounts, others);
  await play("copy_others_before", (c) => alone(copier, [accounts[c] as Account]));
  await play("copy_others", (c) => alone(copier, [left.get(c) as Account]));
  await play("split_random", (c) => alone(c, dealt(accounts[c] as Account, d, ACCOUNTS, random)));
  await play("split_oracle", (c) => alone(c, market.split(accounts[c] as Account)));

  const { kept } = await findDuplicates({
    contents: accounts.flatMap(({ contents }) => contents),
    features: joined(accounts.map(({ features }) => features)),
    d,
    reference: referenceOf(featured),
  });
  const tenth = random.shuffle(large).slice(0, Math.max(1, Math.round(accounts.length / 10)));
  const lies = new Map(tenth.map((c) => [c, [mislabelled(accounts[c] as Account, random)]] as const));
  const lied = await market.shares(lies);
  const liedPerQuery = await market.sharesPerQuery(lies);
  const honestPerQuery = await market.sharesPerQuery(new Map());
  const total = (all: readonly number[]): number => tenth.reduce((sum, c) => sum + (all[c] as number), 0);
  return {
    mislabelled: {
      share: total(lied),
      honest: total(honest),
      perQuery: total(liedPerQuery),
      honestPerQuery: total(honestPerQuery),
    },
    ratios,
    refused: 1 - kept.length / n,
    contributors: accounts.length,
  };
}

/** Shares for given accounts. A changed account may be several; its share is their sum. */
type Market = {
  readonly shares: (changed: ReadonlyMap<number, readonly Account[]>) => Promise<number[]>;
  readonly sharesPerQuery: (changed: ReadonlyMap<number, readonly Account[]>) => Promise<number[]>;
  /** The samples of an account that will earn, and those that will cost, as two accounts. */
  readonly split: (account: Account) => Account[];
};

async function openMarket(
  featured: Featured,
  accounts: readonly Account[],
  queries: Int8Array,
): Promise<Market> {
  const { profile } = featured;
  const { d, m, scaleBits } = profile;
  const momentsOf = (all: readonly Account[]): Promise<Moments[]> =>
    moments(
      {
        features: joined(all.map(({ features }) => features)),
        labels: all.flatMap(({ labels }) => labels),
        contributors: all.flatMap(({ labels }, c) => labels.map(() => c)),
        count: all.length,
      },
      profile,
    );
  const base = await momentsOf(accounts);
  /** Everybody's moments with the changed accounts in place, and whom each part belongs to. */
  const world = async (changed: ReadonlyMap<number, readonly Account[]>) => {
    const parts: Moments[] = [];
    const owners: number[] = [];
    base.forEach((part, c) => {
      if (changed.has(c)) return;
      parts.push(part);
      owners.push(c);
    });
    const flat = [...changed].flatMap(([c, made]) => made.map((account) => [c, account] as const));
    parts.push(...(flat.length === 0 ? [] : await momentsOf(flat.map(([, account]) => account))));
    owners.push(...flat.map(([c]) => c));
    const model = await fitMoments({ parts, lambda: DEFAULT_LAMBDA, profile });
    const asked = await answers(model.w, queries, profile);
    return { model, owners, asked, count: Math.max(base.length, ...owners.map((c) => c + 1)) };
  };
  const owned = (owners: readonly number[], values: readonly number[], count: number): number[] => {
    const out = new Array<number>(count).fill(0);
    owners.forEach((c, at) => {
      out[c] = (out[c] as number) + (values[at] as number);
    });
    return out;
  };
  const queriesOf = (asked: Int32Array): bigint[] => {
    const q = new Float64Array(d * m);
    asked.forEach((k, at) => {
      for (let j = 0; j < d; j++) q[j * m + k] = (q[j * m + k] as number) + (queries[at * d + j] as number);
    });
    return Array.from(q, BigInt);
  };
  const adjointOf = (model: Model, asked: Int32Array): readonly bigint[] =>
    adjoint(model.a, model.lambda, queriesOf(asked), profile).y;
  const honest = await world(new Map());
  const honestY = Float64Array.from(adjointOf(honest.model, honest.asked), Number);
  const honestW = Float64Array.from(honest.model.w, Number);
  return {
    shares: async (changed) => {
      const { model, owners, asked, count } = await world(changed);
      return owned(owners, shares(weights(scores(model.gradients, adjointOf(model, asked), profile))), count);
    },
    sharesPerQuery: async (changed) => {
      const { model, owners, asked, count } = await world(changed);
      const z = preconditioned(model, queries, d, asked.length);
      const clipped = model.gradients.map((gradient) => {
        const g = Float64Array.from(gradient, Number);
        let sum = 0;
        asked.forEach((k, at) => {
          let s = 0;
          for (let j = 0; j < d; j++) s += (g[j * m + k] as number) * (z[at * d + j] as number);
          sum += Math.max(0, s);
        });
        return sum;
      });
      const whole = clipped.reduce((sum, value) => sum + value, 0);
      return owned(
        owners,
        clipped.map((value) => value / whole),
        count,
      );
    },
    split: (account) => {
      const earns = account.labels.map((label, i) => {
        let sum = 0;
        for (let k = 0; k < m; k++) {
          let e = k === label ? 2 ** scaleBits : 0;
          let y = 0;
          for (let j = 0; j < d; j++) {
            const h = account.features[i * d + j] as number;
            e -= h * (honestW[j * m + k] as number);
            y += h * (honestY[j * m + k] as number);
          }
          sum += e * y;
        }
        return sum > 0;
      });
      return [true, false].map((side) =>
        picked(
          account,
          d,
          earns.flatMap((earn, i) => (earn === side ? [i] : [])),
        ),
      );
    },
  };
}

/**
 * Of samples that arrive after everybody's, those that are nobody's: duplicates are left out. Each account is
 * looked at as if it were the only one to come late; no two of them copy the same digits, so one pass will
 * do.
 */
async function newOnes(
  featured: Featured,
  accounts: readonly Account[],
  late: ReadonlyMap<number, Account>,
): Promise<Map<number, Account>> {
  const { d } = featured.profile;
  const all = [...accounts, ...late.values()];
  const { kept } = await findDuplicates({
    contents: all.flatMap(({ contents }) => contents),
    features: joined(all.map(({ features }) => features)),
    d,
    reference: referenceOf(featured),
  });
  const keeps = new Set(kept);
  let at = accounts.reduce((sum, { labels }) => sum + labels.length, 0);
  const out = new Map<number, Account>();
  for (const [c, account] of late) {
    const rows = account.labels.flatMap((_, i) => (keeps.has(at + i) ? [i] : []));
    at += account.labels.length;
    out.set(c, picked(account, d, rows));
  }
  return out;
}

function together(accounts: readonly Account[]): Account {
  return {
    contents: accounts.flatMap(({ contents }) => contents),
    features: joined(accounts.map(({ features }) => features)),
    labels: accounts.flatMap(({ labels }) => labels),
  };
}

function referenceOf({ reference }: Featured) {
  return { contents: reference.samples.map(({ content }) => content), features: reference.features };
}

function mislabelled(
  { contents, features, labels }: Account,
  random: ReturnType<typeof seededRandom>,
): Account {
  return { contents, features, labels: labels.map((label) => (label + 1 + random.below(9)) % 10) };
}

async function noise(
  featured: Featured,
  { labels }: Account,
  random: ReturnType<typeof seededRandom>,
): Promise<Account> {
  const contents = labels.map(() => Uint8Array.from({ length: 784 }, () => random.below(256)));
  return {
    contents,
    features: await featured.features(contents),
    labels: labels.map(() => random.below(10)),
  };
}

async function disturbed(
  featured: Featured,
  { contents, labels }: Account,
  times: number,
  random: ReturnType<typeof seededRandom>,
): Promise<Account> {
  const disturb = (value: number): number =>
    Math.max(0, Math.min(255, value + random.below(2 * DISTURBANCE + 1) - DISTURBANCE));
  const copies = Array.from({ length: times }, () => contents.map((content) => content.map(disturb))).flat();
  return {
    contents: copies,
    features: await featured.features(copies),
    labels: Array.from({ length: times }, () => labels).flat(),
  };
}

function repeated({ contents, features, labels }: Account, times: number): Account {
  const again = Array.from({ length: times });
  return {
    contents: again.flatMap(() => contents),
    features: joined(again.map(() => features)),
    labels: again.flatMap(() => labels),
  };
}

function dealt(
  account: Account,
  d: number,
  hands: number,
  random: ReturnType<typeof seededRandom>,
): Account[] {
  const order = random.shuffle(account.labels.map((_, i) => i));
  return Array.from({ length: hands }, (_, hand) =>
    picked(
      account,
      d,
      order.filter((_, at) => at % hands === hand),
    ),
  );
}

function picked({ contents, features, labels }: Account, d: number, rows: readonly number[]): Account {
  return {
    contents: rows.map((row) => contents[row] as Uint8Array),
    features: joined(rows.map((row) => features.subarray(row * d, (row + 1) * d))),
    labels: rows.map((row) => labels[row] as number),
  };
}

function joined(parts: readonly Int8Array[]): Int8Array {
  const out = new Int8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
