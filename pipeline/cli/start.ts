/** What the launcher (bin/quittance.js) imports: runs the call that this process was started with. */
import { main } from "./main.ts";

await main(process.argv);
