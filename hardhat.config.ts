/**
 * Hardhat builds the contracts and runs the in-process chain; it downloads nothing. The compiler is the one
 * that npm installed (`solc/soljson.js`), named by its path, so Hardhat never asks a server which compilers
 * exist.
 *
 * The pitfall: `allowUnlimitedContractSize` stays false. A contract that only fits on a development chain
 * fits nowhere.
 */
import { createRequire } from "node:module";
import { defineConfig } from "hardhat/config";

const require = createRequire(import.meta.url);

export default defineConfig({
  paths: {
    sources: "verifier-contracts",
    tests: { solidity: "verifier-contracts/solidity-tests" },
    cache: "verifier-contracts/cache",
    artifacts: "verifier-contracts/artifacts",
  },
  solidity: {
    version: "0.8.37",
    path: require.resolve("solc/soljson.js"),
    settings: { optimizer: { enabled: true, runs: 1000 }, evmVersion: "cancun" },
  },
  networks: {
    local: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: 31337,
      hardfork: "osaka",
      accounts: [],
      allowUnlimitedContractSize: false,
      blockGasLimit: 60_000_000n,
      throwOnTransactionFailures: false,
    },
  },
});
