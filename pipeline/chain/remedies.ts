/**
 * What to do about a contract's refusal. A custom error names the rule that was broken, in the contract's
 * words and with seconds since 1970 for a date; a person also wants to know what comes next. Refusals that a
 * right call never meets (another's batches, a length that differs) have no remedy here: their name is for
 * whoever looks for the defect.
 */
import { timeText } from "../dates.ts";

type Remedy = (args: readonly unknown[]) => string;

const once =
  (text: string): Remedy =>
  () =>
    text;
const from =
  (what: string, index = 0): Remedy =>
  (args) =>
    `${what} from ${timeText(args[index])} on: run the same command again then.`;

const PAUSED = once("The guardian has paused what is new; claims and withdrawals go on. Try again later.");

const REMEDIES: Readonly<Record<string, Remedy>> = {
  DatanetsNotAdmitted: once(
    'The datanet has an allowlist, or is its owner\'s alone: its owner admits an account with "quittance datanet allow".',
  ),
  DatanetsNotOwner: once("Only the datanet's owner can do that."),
  DatanetsNothingNew: once("Nothing was accepted since the last version: publish after the next verdicts."),
  DatanetsAlreadyWithdrawn: once("The batch was withdrawn before: nothing is left to do."),
  DatanetsDuplicateRoot: once("The datanet has this batch already: nothing is left to do."),
  DatanetsUnknownBatch: once('There is no such batch: "quittance datanet show" lists them.'),
  DatanetsWrongSignature: once("Only the batch's contributor can do that, with its own key."),
  DisputesNotUnproven: once(
    "The model's training is proven, or has to be before it is used: there is no proof to demand.",
  ),
  DisputesTooEarly: from("The receipt's epoch need not be committed before. It can be disputed"),
  DisputesTooLate: (args) => `It could be disputed until ${timeText(args[0])}.`,
  DisputesNotPayer: (args) =>
    `Only the receipt's payer, ${args[1]}, can say so: sign with its key (on a local chain: --as NAME).`,
  DisputesNoEquivocation: once(
    "An equivocation is two different receipts with the same request number; these are not.",
  ),
  DisputesWrongSignature: once(
    "The receipt is not what the operator signed: it was changed, or is another's.",
  ),
  DisputesNotOperator: (args) => `Only the model's operator, ${args[1]}, can do that.`,
  DisputesReceiptSpent: once('The receipt was disputed before: "quittance dispute show" lists it.'),
  DisputesEquivocationSpent: once("These receipts were shown before, and the bond was slashed for them."),
  DisputesNothingAtStake: once("The model has no free bond, so there is nothing to get."),
  DisputesBondNotReady: from("The bond is ready"),
  DisputesBondInDispute: once('The bond stays while a dispute is open: "quittance dispute show" lists them.'),
  DisputesNothingToWithdraw: once("Nothing was asked back, or no bond is left."),
  DisputesClosed: once("The dispute has ended: nothing is left to do."),
  DisputesStillOpen: from("The operator may answer until then. It can be resolved", 1),
  DisputesAnswerTooLate: (args) => `It could be answered until ${timeText(args[1])}.`,
  DisputesUnknownBatch: once("The model has no batch at this place: they are numbered from 0."),
  DisputesAlreadyProven: once("This batch's proof is on chain already."),
  DisputesAlreadyChallenged: once('Somebody demands this proof already: "quittance dispute show" lists it.'),
  DisputesModelFrozen: once("The model lost a dispute, and is frozen."),
  DisputesPaused: PAUSED,
  EpochsPaused: PAUSED,
  ModelsPaused: PAUSED,
  ValidationPaused: PAUSED,
  EpochsModelFrozen: once("The model lost a dispute, and opens no more epochs: train and commit another."),
  EpochsVersionRetired: once("The keys that the model was committed under were retired: commit it again."),
  FeeScheduleSplitOutOfBounds: once(
    "A share lies above its bound, or leaves contributors less than half: make the shares smaller.",
  ),
  FeeScheduleWindowOutOfBounds: (args) => `A window has ${args[1]} to ${args[2]} seconds.`,
  ValidationInsufficientStake: once("Stake more tokens, or wait until the stake behind verdicts is free."),
  ValidationNotReady: from("It is ready"),
  ValidationOwnBatch: once("Nobody judges its own batch."),
  ValidationStillBacking: from("The stake backs its verdict until then. It is free"),
  VaultVoucherExpired: once("The payer's voucher has expired: it has to sign another one."),
  VaultInsufficientDeposit: once(
    'The payer\'s deposit does not cover it: "quittance deposit" adds to it, or withdraw less.',
  ),
  VaultNothingToWithdraw: once("Nothing of the deposit was asked back, or nothing is left of it."),
  VaultWithdrawalNotReady: from("The withdrawal is ready"),
  VaultWrongProof: once("Another epoch was settled since: run the same command again."),
  VaultNothingOwed: once("Everything that is owed was claimed before."),
  VerifierLocalKeysOnPublicChain: once(
    'Local keys could be forged with: make keys in a ceremony, see "quittance setup --help".',
  ),
  ERC20InsufficientBalance: (args) =>
    `${args[0]} holds ${args[1]} of the token's smallest unit, and ${args[2]} are needed: send it the rest ("quittance token send").`,
  GovernorInsufficientProposerVotes: (args) =>
    `${args[0]} speaks for ${args[1]} votes, and ${args[2]} are needed to propose: tokens count once they are delegated.`,
  GovernorAlreadyCastVote: once("This account has voted on it already."),
  GovernorUnexpectedProposalState: once(
    'The proposal is not there yet, or past it: "quittance vote show" says where it stands.',
  ),
  GovernorNonexistentProposal: once('There is no such proposal: "quittance vote show" lists them.'),
};

/** What to do about a contract's error of this name, if anything is known. */
export function remedyOf(name: string, args: readonly unknown[]): string | undefined {
  return Object.hasOwn(REMEDIES, name) ? REMEDIES[name]?.(args) : undefined;
}

/** The errors that have a remedy. */
export const REMEDIED: readonly string[] = Object.keys(REMEDIES);

/** An error's argument as text: structs with their fields. */
export function argumentText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(argumentText).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([name, one]) => `${name}: ${argumentText(one)}`)
      .join(", ")}}`;
  return String(value);
}
