/** What stops an agent, each with what to do. */

/** The service is not the one that the books know. */
export class AgentChangedError extends Error {
  override readonly name = "Agent.Changed";
  constructor(changes: readonly string[]) {
    super(
      `The service is not what it was: ${changes.join("; ")}. Nothing was signed. If that is as it should be, ` +
        "open the agent with another folder, which begins new books.",
    );
  }
}

/** An answer costs more than the agent may pay. */
export class AgentPriceError extends Error {
  override readonly name = "Agent.Price";
  constructor(price: bigint, most: bigint) {
    super(
      `An answer costs ${price}, and at most ${most} is to be paid for one (in the token's smallest unit). ` +
        "Open the agent with a larger maxPrice if that is worth it.",
    );
  }
}

/** The service says that more is owed than the books do. */
export class AgentOwedError extends Error {
  override readonly name = "Agent.Owed";
  /** What both say is owed in all with the next answer. */
  readonly claimed: bigint;
  readonly counted: bigint;
  constructor(claimed: bigint, counted: bigint, base: bigint) {
    super(
      `The service says that ${claimed} are owed in all with this answer; these books count ${counted}. Nothing more was signed. ` +
        "Did this payer buy with other books too? Then let its agents share one folder, or open this one with " +
        `owedBefore: ${base + claimed - counted}. If not, the service asks for money that nobody owes: leave it.`,
    );
    this.claimed = claimed;
    this.counted = counted;
  }
}

/** The service refuses a request for good. */
export class AgentRefusedError extends Error {
  override readonly name = "Agent.Refused";
  readonly status: number;
  readonly code: string | undefined;
  constructor(status: number, code: string | undefined, message: string) {
    super(
      `The service refuses the request (HTTP ${status}${code === undefined ? "" : `, ${code}`})${message}`,
    );
    this.status = status;
    this.code = code;
  }
}

/** An answer came with a receipt that is not good. */
export class AgentReceiptError extends Error {
  override readonly name = "Agent.Receipt";
  readonly problems: readonly string[];
  constructor(problems: readonly string[], evidence: string) {
    super(
      `The answer's receipt is not good: ${problems.join("; ")}. The answer is not to be relied on; what came is kept as ` +
        `evidence in ${evidence}. Stop buying here, and show it to the operator.`,
    );
    this.problems = problems;
  }
}
