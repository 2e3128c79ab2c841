// Contracts with one thing wrong, at least one for each invariant. A suite that lets one of them pass does
// not check what it says.
//
// Every change is one that a tired author could make or an attacker would wish for: a check left out, a sum
// not kept, a bound moved, somebody else paid.

/** One change of one contract; `from` stands in the file once. */
export type Mutant = {
  readonly name: string;
  /** What it breaks, in the words of the suites. */
  readonly invariant: string;
  readonly suite: "Economy" | "Stakes" | "Disputes" | "Votes";
  readonly file: string;
  readonly from: string;
  readonly to: string;
};

type Edit = readonly [name: string, file: string, from: string, to: string];

const of = (suite: Mutant["suite"], invariant: string, edits: readonly Edit[]): readonly Mutant[] =>
  edits.map(([name, file, from, to]) => ({
    suite,
    invariant,
    name,
    file: `verifier-contracts/${file}`,
    from,
    to,
  }));

/** The mutants, in the order of the invariants. */
export const MUTANTS: readonly Mutant[] = [
  ...of("Economy", "balances add up exactly", [
    ["a withdrawal stays in the model's books", "Vault.sol", "        books.unspent -= amount;\n", ""],
    ["an expired epoch's charges go to nobody", "Vault.sol", "        books.unspent += sum;\n", ""],
    [
      "a collected share can be collected again",
      "Vault.sol",
      "        collectable[token][account] = 0;\n",
      "",
    ],
  ]),
  ...of("Economy", "claims of an epoch stay within its funding", [
    ["a claim is not marked", "Vault.sol", "        before[account] = cumulative;\n", ""],
    ["an epoch can expire again and again", "Epochs.sol", "        epoch.status = Status.Expired;\n", ""],
    [
      "a committed epoch takes the split of the day it settles",
      "Epochs.sol",
      "IFeeSchedule.Split memory split = epoch.split;",
      "IFeeSchedule.Split memory split = schedule.split();",
    ],
    [
      "weights that nobody proved are taken",
      "Epochs.sol",
      "if (sliceHash != _weights[id][number][group])",
      "if (sliceHash == bytes32(group + 1))",
    ],
  ]),
  ...of("Economy", "nothing crosses epochs, models or datanets", [
    ["a leaf says nothing of its model", "EarningsTree.sol", "mstore(free, model)", "mstore(free, 0)"],
    [
      "a context says nothing of model and epoch",
      "Epochs.sol",
      'abi.encode("quittance.epoch", block.chainid, address(this), id, number, index)',
      'abi.encode("quittance.epoch", block.chainid, address(this), index)',
    ],
    [
      "validators get their share twice",
      "Vault.sol",
      "        validatorFees[datanet][token] = 0;\n        uncollected[token] -= amount;\n",
      "",
    ],
  ]),
  ...of("Economy", "cumulative leaves never fall", [
    [
      "nobody compares what was earned before",
      "Vault.sol",
      "if (!same) revert VaultWrongEarnings(model);",
      "same;",
    ],
    [
      "the root is of the payouts alone",
      "Vault.sol",
      "cumulative[i] = previous[i] + payouts[i];",
      "cumulative[i] = payouts[i];",
    ],
  ]),
  ...of("Economy", "claim order and caller do not matter", [
    [
      "whoever calls is paid",
      "Vault.sol",
      "        token.safeTransfer(account, amount);",
      "        token.safeTransfer(msg.sender, amount);",
    ],
    [
      "the second of many claims is paid twice",
      "Vault.sol",
      "            if (amount == 0) continue;\n",
      "            if (amount == 0) amount = uint96(one.cumulative);\n",
    ],
  ]),
  ...of("Economy", "dust is less than one unit a recipient and has one owner", [
    [
      "payouts are rounded to whole thousands",
      "Epochs.sol",
      "payouts[i] = (earnings * w[i]) / total;",
      "payouts[i] = ((earnings * w[i]) / total / 1000) * 1000;",
    ],
    [
      "dust is nobody's",
      "Vault.sol",
      "(books.pool, books.carry) = (0, carry);",
      "(books.pool, books.carry) = (0, 0);",
    ],
  ]),
  ...of("Economy", "each statement counts once", [
    [
      "a batch can be proven twice",
      "Epochs.sol",
      "        if (marks & bit != 0) revert EpochsAlreadyProven(inferenceCircuit, index);\n",
      "",
    ],
    [
      "the adjoint can be proven twice",
      "Epochs.sol",
      "        if (epoch.adjointProven) revert EpochsAlreadyProven(adjointCircuit, 0);\n",
      "",
    ],
    [
      "a group can be proven twice",
      "Epochs.sol",
      "        if (_weights[id][work.number][group] != 0) revert EpochsAlreadyProven(weightsCircuit, group);\n",
      "",
    ],
  ]),
  ...of("Economy", "paid is at most deposited, in each channel", [
    [
      "charges need no voucher",
      "Vault.sol",
      "return Math.min(_available(held), held.authorised - held.charged);",
      "return _available(held);",
    ],
    [
      "a payer withdraws before its time",
      "Vault.sol",
      "        if (block.timestamp < held.readyAt) revert VaultWithdrawalNotReady(held.readyAt);\n",
      "",
    ],
  ]),
  ...of("Economy", "vouchers only rise, within the deposit", [
    [
      "a smaller voucher lowers what is authorised",
      "Vault.sol",
      "if (raised <= held.authorised) return;",
      "if (raised == held.authorised) return;",
    ],
    [
      "a voucher authorises more than the deposit",
      "Vault.sol",
      "uint256 raised = Math.min(voucher.cumulative, held.deposited);",
      "uint256 raised = voucher.cumulative;",
    ],
    [
      "anybody signs a payer's vouchers",
      "Vault.sol",
      "        _checkSignature(payer, voucherDigest(voucher), signature);\n",
      "",
    ],
    [
      "code at a payer's address denies what its key signed",
      "Signatures.sol",
      "        if (failed == ECDSA.RecoverError.NoError && recovered == signer) return true;\n        if (signer.code.length == 0) return false;\n",
      "        if (signer.code.length == 0) return failed == ECDSA.RecoverError.NoError && recovered == signer;\n",
    ],
  ]),
  ...of("Economy", "withdrawals wait for an epoch that is open", [
    [
      "a shorter window shortens the wait while an epoch is open",
      "FeeSchedule.sol",
      "        _openUntil = Math.max(_openUntil, block.timestamp + provingWindow);\n",
      "",
    ],
    [
      "two shorter windows after one another forget the first",
      "FeeSchedule.sol",
      "_openUntil = Math.max(_openUntil, block.timestamp + provingWindow);",
      "_openUntil = block.timestamp + provingWindow;",
    ],
  ]),
  ...of("Economy", "retired keys open no epoch, and end none", [
    [
      "a retired version still opens epochs",
      "Epochs.sol",
      "        if (registry.isRetired(model.verifierVersion)) revert EpochsVersionRetired(model.verifierVersion);\n",
      "",
    ],
    [
      "a retired version verifies nothing more",
      "VerifierRegistry.sol",
      "        if (address(verifier) == address(0)) revert VerifierRegistryUnknownVersion(version);",
      "        if (address(verifier) == address(0) || isRetired[version]) revert VerifierRegistryUnknownVersion(version);",
    ],
  ]),
  ...of("Votes", "supply is at most the cap", [
    ["one unit more is minted", "QuittanceToken.sol", "_mint(holder, CAP);", "_mint(holder, CAP + 1);"],
    [
      "a transfer mints a unit",
      "QuittanceToken.sol",
      "super._update(from, to, value);",
      "super._update(from, to, value); if (from != address(0) && value > 1e25) super._update(address(0), to, 1);",
    ],
  ]),
  ...of("Votes", "votes taken in the block of a proposal do not count", [
    [
      "voting power of the proposal's own moment counts",
      "QuittanceGovernor.sol",
      "    function votingDelay() public view override(Governor, GovernorSettings) returns (uint256) {\n        return super.votingDelay();",
      "    function votingDelay() public view override(Governor, GovernorSettings) returns (uint256) {\n        return super.votingDelay() - super.votingDelay();",
    ],
    [
      "no voting power is needed to propose",
      "QuittanceGovernor.sol",
      "return super.proposalThreshold();",
      "return super.proposalThreshold() - super.proposalThreshold();",
    ],
  ]),
  ...of("Stakes", "staked, slashed and withdrawn are what was deposited", [
    ["what is withdrawn stays staked", "validation/Stakes.sol", "        _staked -= amount;\n", ""],
    [
      "a lie's loss leaves the stakes and goes nowhere",
      "validation/Stakes.sol",
      "        _slashed += slashed;\n",
      "",
    ],
    ["a vote is settled twice", "Validation.sol", "        vote.settled = true;\n", ""],
    [
      "the minority keeps what it lost",
      "validation/Stakes.sol",
      "held.free += weight - lost;",
      "held.free += weight;",
    ],
    [
      "a stake can leave while it backs a verdict",
      "Validation.sol",
      "if (backing && block.timestamp <= round_.challengeEnds)",
      "if (backing && block.timestamp < round_.openedAt)",
    ],
  ]),
  ...of("Disputes", "each receipt is paid once", [
    ["a receipt is not marked", "Disputes.sol", "        _spentReceipts[digest] = true;\n", ""],
    [
      "a request is not marked",
      "Disputes.sol",
      "        _spentRequests[model][a.payer][a.requestId] = true;\n",
      "",
    ],
    ["a dispute stays open when it is closed", "Disputes.sol", "        d.open = false;\n", ""],
  ]),
  ...of("Disputes", "an equivocation is paid to its payer", [
    [
      "whoever reports an equivocation has the reward",
      "Disputes.sol",
      "_slash(model, a.payer);",
      "_slash(model, msg.sender);",
    ],
  ]),
  ...of("Disputes", "every dispute ends within a bound", [
    [
      "each pause moves every deadline",
      "Disputes.sol",
      "d.kind == Kind.Omission && pausedUntil <= d.deadline + guardian.MAX_PAUSE()",
      "d.kind == Kind.Omission && pausedUntil > 0",
    ],
    [
      "the answer window is no window",
      "Disputes.sol",
      "if (block.timestamp <= deadline) revert DisputesStillOpen(dispute, deadline);",
      "if (block.timestamp == deadline) revert DisputesStillOpen(dispute, deadline);",
    ],
    [
      "an answer may come at any time",
      "Disputes.sol",
      "if (block.timestamp > deadline) revert DisputesAnswerTooLate(dispute, deadline);",
      "deadline;",
    ],
    [
      "a bond is withdrawn under a dispute",
      "Disputes.sol",
      "        if (bond.pending != 0) revert DisputesBondInDispute(model, bond.pending);\n",
      "",
    ],
    ["a dispute freezes without end", "Disputes.sol", "        --_bonds[d.model].pending;\n", ""],
  ]),
];
