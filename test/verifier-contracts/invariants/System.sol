// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Datanets} from "../../../verifier-contracts/Datanets.sol";
import {Disputes} from "../../../verifier-contracts/Disputes.sol";
import {Epochs} from "../../../verifier-contracts/Epochs.sol";
import {FeeSchedule} from "../../../verifier-contracts/FeeSchedule.sol";
import {Governance} from "../../../verifier-contracts/Governance.sol";
import {Models} from "../../../verifier-contracts/Models.sol";
import {PauseGuardian} from "../../../verifier-contracts/PauseGuardian.sol";
import {QuittanceGovernor} from "../../../verifier-contracts/QuittanceGovernor.sol";
import {QuittanceToken} from "../../../verifier-contracts/QuittanceToken.sol";
import {Training} from "../../../verifier-contracts/Training.sol";
import {BatchId, CircuitId, DatanetId, ModelId} from "../../../verifier-contracts/Types.sol";
import {Validation} from "../../../verifier-contracts/Validation.sol";
import {Vault} from "../../../verifier-contracts/Vault.sol";
import {VerifierRegistry} from "../../../verifier-contracts/VerifierRegistry.sol";
import {IDatanets} from "../../../verifier-contracts/interfaces/IDatanets.sol";
import {IFeeSchedule} from "../../../verifier-contracts/interfaces/IFeeSchedule.sol";
import {IModels} from "../../../verifier-contracts/interfaces/IModels.sol";
import {IValidation} from "../../../verifier-contracts/interfaces/IValidation.sol";
import {TestToken} from "../../../verifier-contracts/mocks/Tokens.sol";
import {IdealVerifier} from "./IdealVerifier.sol";
import {VM} from "./Vm.sol";

/// @dev Everything deployed and wired as a deployment does it, with one stand-in ({IdealVerifier}); and what
/// every handler needs. Handlers say `require(…, "NAME: …")` where an invariant can be seen to fail within a
/// call: forge stops at any revert.
abstract contract System {
    uint256 internal constant GROUP = 2;
    uint256 internal constant QUERIES = 1_000;
    uint256 internal constant NULL_G = 77;
    uint256 internal constant EMPTY_Q = 78;
    uint48 internal constant VOTING_DELAY = 1 days;
    uint256 internal constant OPERATOR_KEY = 0xA11CE;

    QuittanceToken internal immutable quit;
    TestToken internal immutable coin;
    Governance internal immutable governance;
    PauseGuardian internal immutable guardian;
    VerifierRegistry internal immutable registry;
    Datanets internal immutable datanets;
    Models internal immutable models;
    Training internal immutable training;
    FeeSchedule internal immutable schedule;
    Epochs internal immutable epochs;
    Vault internal immutable vault;
    Validation internal immutable validation;
    Disputes internal immutable disputes;
    address internal immutable timelock;
    address internal immutable operator;

    constructor() {
        VM.warp(1_800_000_000);
        operator = VM.addr(OPERATOR_KEY);
        quit = new QuittanceToken(address(this));
        coin = new TestToken();
        governance = new Governance(
            quit,
            1 days,
            QuittanceGovernor.Settings(VOTING_DELAY, 3 days, 1e18, 4, 1 days)
        );
        timelock = address(governance.timelock());
        guardian = new PauseGuardian(timelock, address(this));
        registry = _registry();
        datanets = new Datanets(100);
        models = new Models(
            Models.Config({
                datanets: datanets,
                registry: registry,
                guardian: guardian,
                samples: _circuit("samples"),
                contributors: _circuit("contributors"),
                model: _circuit("model"),
                dimension: 4,
                groupSize: GROUP,
                nullG: NULL_G,
                maxSamples: 65_535
            })
        );
        training = Training(address(models.training()));
        schedule = new FeeSchedule(timelock, timelock, IFeeSchedule.Split(200, 1_000, 300));
        epochs = new Epochs(
            Epochs.Config({
                registry: registry,
                models: models,
                datanets: datanets,
                schedule: schedule,
                guardian: guardian,
                inference: _circuit("inference"),
                adjoint: _circuit("adjoint"),
                weights: _circuit("weights"),
                emptyQ: EMPTY_Q,
                queries: QUERIES
            })
        );
        vault = Vault(address(epochs.vault()));
        validation = new Validation(
            Validation.Config({
                token: quit,
                datanets: datanets,
                registry: registry,
                guardian: guardian,
                feeSource: vault,
                treasury: timelock,
                owner: timelock,
                duplicate: _circuit("duplicate"),
                parameters: IValidation.Parameters({
                    commitWindow: 1 days,
                    revealWindow: 1 days,
                    challengeWindow: 14 days,
                    minorityBps: 100,
                    lieBps: 5_000,
                    challengerBps: 5_000,
                    minimumVote: 100e18,
                    quorum: 500e18
                })
            })
        );
        disputes = new Disputes(epochs, registry, training, guardian, _circuit("inclusion"));
        datanets.initialize(address(validation));
        models.initialize(address(disputes));
    }

    // ---- building blocks

    function _circuit(string memory name) internal pure returns (CircuitId) {
        return CircuitId.wrap(keccak256(bytes.concat("quittance/invariants/", bytes(name))));
    }

    /// @dev What the receipts of a batch are bound to, worked out here: to ask the contract would be to
    /// believe it.
    function _context(ModelId id, uint256 number, uint256 index) internal view returns (uint256) {
        bytes memory place =
            abi.encode("quittance.epoch", block.chainid, address(epochs), id, number, index);
        return uint256(keccak256(place)) >> 8;
    }

    /// @dev The proof that {IdealVerifier} takes for this statement.
    function _proof(
        CircuitId circuit,
        uint256[] memory publics
    ) internal pure returns (uint256[8] memory proof) {
        proof[0] = uint256(keccak256(abi.encode(circuit, publics)));
    }

    /// @dev A nonzero field element, different for different names.
    function _element(bytes memory name) internal pure returns (uint256) {
        return (uint256(keccak256(name)) >> 8) | 1;
    }

    function _datanet(bool validated, address[] memory tokens) internal returns (DatanetId) {
        return
            datanets.createDatanet(
                IDatanets.Terms("ipfs://terms", keccak256("terms"), "CC0", IDatanets.Policy.Open, validated, tokens)
            );
    }

    function _contribute(DatanetId datanet, address account, bytes memory name) internal returns (BatchId) {
        VM.prank(account);
        return datanets.contribute(datanet, _element(name), 4, account, "");
    }

    /// @dev A model of these accounts, each with one batch of 4 records; the operator's.
    function _model(
        DatanetId datanet,
        address token,
        uint128 feeUnit,
        address[] memory accounts,
        BatchId[] memory batches
    ) internal returns (ModelId) {
        IModels.ModelStatement memory statement;
        statement.datanet = datanet;
        statement.datanetVersion = datanets.datanet(datanet).versions;
        (statement.commitW, statement.commitA, statement.commitR) = (11, 12, 13);
        (statement.lambda, statement.samples) = (1_000, uint32(4 * accounts.length));
        (statement.token, statement.feeUnit, statement.unproven) = (token, feeUnit, true);
        statement.contributors = new IModels.Contributor[](accounts.length);
        for (uint256 i = 0; i < accounts.length; ++i) {
            BatchId[] memory own = new BatchId[](1);
            own[0] = batches[i];
            statement.contributors[i] = IModels.Contributor(accounts[i], _commitG(i), own);
        }
        VM.prank(operator);
        return models.commit(statement);
    }

    function _commitG(uint256 contributor) internal pure returns (uint256) {
        return 1_000 + contributor;
    }

    /// @dev Coins or tokens for `account`, allowed to `spender`.
    function _fund(IERC20 token, address account, address spender, uint256 amount) internal {
        if (address(token) == address(coin)) coin.mint(account, amount);
        else quit.transfer(account, amount);
        VM.prank(account);
        token.approve(spender, amount);
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The call has to be refused: what it would have done breaks the invariant that `message` names.
    function _refused(address sender, address target, bytes memory data, string memory message) internal {
        VM.prank(sender);
        (bool success, ) = target.call(data);
        require(!success, message);
    }

    function _between(uint256 seed, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + (seed % (most - least + 1));
    }

    /// @dev From 1 to 10^digits, small ones as often as large ones.
    function _amount(uint256 seed, uint256 digits) internal pure returns (uint256) {
        return 1 + (_mix(seed, 1) % 10 ** (seed % (digits + 1)));
    }

    function _mix(uint256 seed, uint256 salt) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, salt)));
    }

    function _min(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    function _max(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? b : a;
    }

    /// @dev A verifier of its own, with all the circuits.
    function _verifier() internal returns (IdealVerifier) {
        (CircuitId[] memory circuits, uint256[] memory counts) = _circuits();
        return new IdealVerifier(circuits, counts);
    }

    function _registry() private returns (VerifierRegistry) {
        (CircuitId[] memory circuits, ) = _circuits();
        return new VerifierRegistry(timelock, _verifier(), circuits);
    }

    function _circuits() private pure returns (CircuitId[] memory circuits, uint256[] memory counts) {
        string[8] memory names = [
            "samples",
            "contributors",
            "model",
            "inference",
            "adjoint",
            "weights",
            "duplicate",
            "inclusion"
        ];
        uint8[8] memory sizes = [8, 2 + 2 * uint8(GROUP), 11, 6, 4, 1 + 2 * uint8(GROUP), 3, 3];
        (circuits, counts) = (new CircuitId[](8), new uint256[](8));
        for (uint256 i = 0; i < 8; ++i) (circuits[i], counts[i]) = (_circuit(names[i]), sizes[i]);
    }
}
