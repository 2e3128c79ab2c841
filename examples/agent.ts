// An agent that buys answers: it discovers a model, pays per answer from a budget, verifies each receipt, and
// stops at its limit. Copy it, and replace the questions.
//
//     quittance deposit --project shop --payer alice --amount 2 --key-out alice.key
//     quittance serve --project shop &
//     QUITTANCE_PAYER_KEY=$(cat alice.key) npx node examples/agent.ts http://127.0.0.1:8402 questions.csv 0.5
//
// The budget is in whole tokens of 18 decimals. Books and receipts are kept in the folder "agent": run it
// again and it goes on where it stopped, with what is left of the budget.

import {
  AgentLimitError,
  accountOf,
  loadCorpus,
  openNodeAgent,
  type Question,
  readBundle,
} from "../pipeline/index.ts";

const [url = "http://127.0.0.1:8402", data = "questions.csv", budget = "0.5", bundle] = process.argv.slice(2);
const key = process.env["QUITTANCE_PAYER_KEY"];
if (key === undefined) throw new Error("Put the payer's private key into QUITTANCE_PAYER_KEY.");

// 1. Discover: which model is offered, for how much. Nothing is signed yet.
const agent = await openNodeAgent({
  url,
  account: accountOf(key),
  budget: BigInt(Math.round(Number(budget) * 1e9)) * 10n ** 9n,
  folder: process.env["AGENT_FOLDER"] ?? "agent",
});
const { model, health } = agent;
console.log(`model ${model.id} (${model.name ?? "no name"}), an answer costs ${model.priceWei} units`);
if (health.insecureKeys) console.log("INSECURE: its proving keys are local ones; proofs could be forged.");

// 2. Pay and ask, one question after the other, until the budget ends.
await agent.resume();
for (const question of questions(data)) {
  try {
    const { answerName, receipt, kept, price } = await agent.ask(question);
    // 3. Verified already: signature, question, price, payer, model. Attested by the operator's bond until
    //    its epoch is settled; proven from then on.
    console.log(
      `${answerName}  (receipt ${receipt.sequence} of epoch ${receipt.epoch}, ${price} units, ${kept})`,
    );
  } catch (error) {
    if (!(error instanceof AgentLimitError)) throw error;
    // 4. The limit.
    console.log(`stopped: ${error.message}`);
    break;
  }
}
const { spent, left, answered } = await agent.state();
console.log(`${answered} answers, ${spent} spent, ${left} left`);

// 5. Later, when the epoch's bundle is out: is every receipt in it? If not, its line says what to dispute.
if (bundle !== undefined)
  for (const line of (await agent.checkEpoch(readBundle(bundle))).lines) console.log(line);

function questions(path: string): Question[] {
  const { samples, text } = loadCorpus(path, { part: "test", unlabelled: true });
  return samples.map(({ content }) => (text === true ? new TextDecoder().decode(content) : content));
}
