/** `quittance ask`: buys answers from a service, as an agent at the terminal. */
import { type Command, InvalidArgumentError } from "commander";
import { AgentLimitError } from "../agent/books.ts";
import { openNodeAgent } from "../agent/node.ts";
import type { Agent, PaidAnswer, Question } from "../agent/types.ts";
import { loadCorpus } from "../corpus/folder.ts";
import { type Account, accountOf } from "../engine/ethers.ts";
import { contentDigest } from "../receipts.ts";
import { secretSetting } from "../secrets.ts";
import { readKeyFile } from "./key-file.ts";
import { tell, wholeNumber } from "./options.ts";
import { unitsOf } from "./project.ts";
import { type Coin, coins, openUi, table, type Ui } from "./ui.ts";

type AskOptions = {
  readonly data?: string;
  readonly offset: number;
  readonly limit?: number;
  readonly again?: boolean;
  readonly budget: string;
  readonly maxPrice?: string;
  readonly owedBefore?: string;
  readonly decimals: number;
  readonly folder: string;
  readonly keyFile?: string;
};

/** Adds the command to the tree. */
export function addAskCommand(root: Command): void {
  root
    .command("ask")
    .description("buy answers from a service: pay each from a budget, check and keep its receipt")
    .argument("<url>", "the service's address")
    .argument("[text...]", "questions for a model that reads texts, each in quotes")
    .option("-d, --data <path>", "questions: a folder with IDX files, a CSV or a JSONL file")
    .option("--offset <n>", "skip the first n questions of --data", wholeNumber(0, 1_000_000_000), 0)
    .option("--limit <n>", "ask at most n questions of --data", wholeNumber(1, 100_000))
    .option("--again", "ask, and pay, also what these books hold a receipt for")
    .requiredOption(
      "--budget <tokens>",
      "what may be spent with this folder's books, in all (for example 0.5)",
    )
    .option("--max-price <tokens>", "most that one answer may cost (default: the price at the first use)")
    .option("--owed-before <tokens>", "what the payer owes this model beside these books")
    .option("--decimals <n>", "digits behind the point of the token", wholeNumber(0, 77), 18)
    .option("--folder <folder>", "where books and receipts are kept", "agent")
    .option("--key-file <file>", "the payer's key, in a file that only you can read")
    .addHelpText(
      "after",
      `
The payer's key is taken from --key-file or QUITTANCE_PAYER_KEY (or _FILE); its deposit must stand behind what it signs. A
request that got no answer is kept in the books and asked again first, with the same key: it is charged once. A question
whose receipt for this model lies in the folder is left out, and --limit counts the others: run it again for the next ones. Every
receipt is checked before its answer is shown: signature, question, price, model, payer, and when its epoch is due. A
receipt is attested by its operator; "quittance verify" says what an epoch's bundle proves.

Example:
  quittance deposit --project shop --payer alice --amount 2 --key-out alice.key      (local chains: before serve)
  quittance ask http://127.0.0.1:8402 --data ./questions --limit 5 --budget 0.5 --key-file alice.key
  QUITTANCE_PAYER_KEY=0x… quittance ask https://… "Where is my card?" --budget 0.5 --folder my-agent
`,
    )
    .action(async (url: string, texts: string[], options: AskOptions, command: Command) => {
      if (!/^https?:\/\//.test(url))
        throw new InvalidArgumentError(`"${url}" is no address: it begins with http:// or https://.`);
      const ui = openUi(process.stderr);
      checkQuestions(texts, options);
      const agent = await ui.step("Look at what the service offers", () => openFor(url, options));
      const { symbol, decimals } = agent.model.price.token;
      if (decimals !== options.decimals) throw new OtherDecimalsError(options.decimals, decimals);
      const coin = { symbol, decimals };
      const before = await agent.resume();
      if (before.length > 0)
        ui.line(`  ${before.length} earlier request(s) had no answer yet; they have now.`);
      const held = options.again === true ? new Set<bigint>() : await digestsHeld(agent);
      const { questions, skipped } = await questionsOf(texts, options, held, ui);
      if (skipped > 0)
        ui.line(
          `  ${skipped} question(s) left out: ${options.folder} holds their receipts. --again buys them again.`,
        );
      const { bought, stopped } = await buyAll(agent, { before, questions, coin }, ui);
      const state = await agent.state();
      const rows = bought.map(({ answerName, price, receipt, kept }) => [
        String(receipt.sequence),
        answerName,
        coins(price, coin),
        `${options.folder}/${kept}.json`,
      ]);
      const left = `  ${coins(state.spent, coin)} spent, ${coins(state.left, coin)} left of the budget.`;
      const answers = bought.map(({ receipt: { requestId, epoch, sequence }, ...rest }) => ({
        ...rest,
        ...{ requestId, epoch, sequence },
      }));
      tell(
        command,
        { model: agent.model.id, payer: agent.address, answers, skipped, state, ...(stopped && { stopped }) },
        [table(["#", "answer", "price", "receipt"], rows), left, ...(stopped ? [`  ${stopped}`] : [])].join(
          "\n",
        ),
      );
    });
}

function checkQuestions(texts: readonly string[], { data }: AskOptions): void {
  if (data === undefined && texts.length === 0)
    throw new InvalidArgumentError("Ask something: a text in quotes, or --data PATH.");
  if (data !== undefined && texts.length > 0)
    throw new InvalidArgumentError("Give texts or --data, not both.");
}

/** Digests of the contents that these books hold receipts of this model for. */
async function digestsHeld(agent: Agent): Promise<ReadonlySet<bigint>> {
  return new Set((await agent.receipts()).map(({ opening }) => opening.digest));
}

async function questionsOf(
  texts: readonly string[],
  options: AskOptions,
  held: ReadonlySet<bigint>,
  ui: Ui,
): Promise<{ readonly questions: readonly Question[]; readonly skipped: number }> {
  const { data, offset, limit } = options;
  if (data === undefined) {
    const questions = texts.filter((text) => !held.has(contentDigest(new TextEncoder().encode(text))));
    return { questions, skipped: texts.length - questions.length };
  }
  // As many more as may be left out.
  const most = limit === undefined ? {} : { limit: offset + limit + held.size };
  const corpus = await ui.step("Read the questions", async () =>
    loadCorpus(data, { ...most, part: "test", unlabelled: true }),
  );
  const found = corpus.samples.slice(offset).map(({ content }) => content);
  const asked: Uint8Array[] = [];
  let skipped = 0;
  for (const content of found) {
    if (asked.length === limit) break;
    if (held.has(contentDigest(content))) skipped += 1;
    else asked.push(content);
  }
  const isText = corpus.text === true;
  return { questions: isText ? asked.map((content) => new TextDecoder().decode(content)) : asked, skipped };
}

function openFor(url: string, options: AskOptions): Promise<Agent> {
  const { folder, maxPrice, owedBefore } = options;
  // The payer says how many digits its token has: a service must not decide how much a budget is.
  const coin: Coin = { symbol: "tokens", decimals: options.decimals };
  return openNodeAgent({
    url,
    account: payerOf(options),
    folder,
    budget: unitsOf(options.budget, coin),
    ...(maxPrice === undefined ? {} : { maxPrice: unitsOf(maxPrice, coin) }),
    ...(owedBefore === undefined ? {} : { owedBefore: unitsOf(owedBefore, coin) }),
  });
}

/** Asks until all are answered or the budget ends. */
async function buyAll(
  agent: Agent,
  of: {
    readonly before: readonly PaidAnswer[];
    readonly questions: readonly Question[];
    readonly coin: Coin;
  },
  ui: Ui,
): Promise<{ readonly bought: readonly PaidAnswer[]; readonly stopped?: string }> {
  const { before, questions, coin } = of;
  const bought = [...before];
  return await ui.step(`Ask ${questions.length} question(s)`, async (report) => {
    for (const [index, question] of questions.entries()) {
      report(index, questions.length);
      try {
        bought.push(await agent.ask(question));
      } catch (error) {
        if (!(error instanceof AgentLimitError)) throw error;
        return { bought, stopped: limitText(error, coin) };
      }
    }
    return { bought };
  });
}

function limitText({ budget, spent, price, answers }: AgentLimitError, coin: Coin): string {
  return (
    `The budget of ${coins(budget, coin)} does not cover the next answer: ${coins(spent, coin)} are spent (${answers} answers) ` +
    `and it costs ${coins(price, coin)}. Give a larger --budget to go on.`
  );
}

function payerOf({ keyFile }: AskOptions): Account {
  if (keyFile !== undefined) return readKeyFile(keyFile);
  const key = secretSetting("QUITTANCE_PAYER_KEY");
  if (key === undefined) throw new NoPayerKeyError();
  return accountOf(key);
}

/** Nobody pays. */
export class NoPayerKeyError extends Error {
  override readonly name = "Ask.NoPayerKey";
  constructor() {
    super("Who pays? Give --key-file FILE, or put the payer's private key into QUITTANCE_PAYER_KEY.");
  }
}

/** The service's token is not the one that the payer has in mind. */
export class OtherDecimalsError extends Error {
  override readonly name = "Ask.OtherDecimals";
  constructor(expected: number, found: number) {
    super(
      `The service says that its token has ${found} digits behind the point, and the budget was read with ${expected}. ` +
        "Look the token up on the chain; if the service is right, add --decimals.",
    );
  }
}
