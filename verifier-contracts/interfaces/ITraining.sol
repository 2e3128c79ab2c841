// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {CircuitId, ModelId} from "../Types.sol";
import {IModels} from "./IModels.sol";

/// @title Training: proves that the committed batches, and nothing but them, made a model
/// @notice A model fixes its batches, W, A, R and every G_c first; their hash gives the challenges ρ1, ρ2,
/// ρ3, at which the matrices are evaluated: M(ρ1, ρ2) = Σ M_jk ρ1^j ρ2^k. Three kinds of proofs state values:
/// - `samples`, one for each batch: its share g_b of a gradient and a_b of A;
/// - `contributors`, one for each group: value_c = G_c(ρ1, ρ2);
/// - `model`: W(ρ1, ρ2), A(ρ1, ρ3) and R(ρ1, ρ2), with every |R_jk| within the bound.
///
/// They may come in any order, from anybody, in any number of transactions; each statement counts once. With
/// the last of them three identities must hold modulo the field's order, and then the model is proven:
/// - (1) Σ_(batches of c) g_b = value_c, for each contributor c;
/// - (2) Σ value_c = λ·W(ρ1, ρ2) + R(ρ1, ρ2);
/// - (3) Σ a_b = A(ρ1, ρ3).
/// @dev Two different committed matrices agree at random points with a probability of at most their degree
/// over 2^248 (ρ's coordinates have 248 bits); that is why everything that the identities speak of has to be
/// fixed before ρ. `commitV` is the one exception: it commits to v = W(·, ρ2), which the `model` proof pins
/// down completely.
interface ITraining {
    /// @param index its place in the chunk
    /// @param g its share of its contributor's gradient, a its share of A
    struct SampleProof {
        uint256 index;
        uint256 g;
        uint256 a;
        uint256[8] proof;
    }

    /// @param chunk number of the chunk of the model's list of batches, see {IModels-chunkHash}
    /// @param entries all of the chunk
    /// @param proofs for any of its batches
    struct SampleChunk {
        uint256 chunk;
        IModels.BatchEntry[] entries;
        SampleProof[] proofs;
    }

    /// @param group number of the group, see {IModels-groupHash}
    /// @param commitG its gradients' commitments, `nullG` for the places that nobody has
    /// @param values G_c(ρ1, ρ2), 0 for the places that nobody has
    struct ContributorsProof {
        uint256 group;
        uint256[] commitG;
        uint256[] values;
        uint256[8] proof;
    }

    /// @param wValue W(ρ1, ρ2)
    /// @param aValue A(ρ1, ρ3)
    /// @param rValue R(ρ1, ρ2)
    struct ModelProof {
        uint256 wValue;
        uint256 aValue;
        uint256 rValue;
        uint256[8] proof;
    }

    /// @param round how often the proof was begun
    /// @param remaining statements that are still missing
    /// @param samples bit i of word j: batch 256·j + i is proven
    /// @param groups bit i of word j: group 256·j + i is proven
    struct Progress {
        uint32 round;
        uint32 remaining;
        uint32 batches;
        uint32 contributors;
        bool modelProven;
        uint256 commitV;
        bytes32 seed;
        uint256[] samples;
        uint256[] groups;
    }

    error TrainingWrongProfile();
    error TrainingNotOperator(address sender, address operator);
    error TrainingNotBegun(ModelId model);
    /// @notice The model's training is proven: nothing can be added, and nothing taken back.
    error TrainingComplete(ModelId model);
    error TrainingNotAFieldElement(uint256 value);
    error TrainingUnknownStatement(uint256 index);
    /// @notice This statement was proven before.
    error TrainingAlreadyProven(CircuitId circuit, uint256 index);
    /// @notice The entries are not the model's.
    error TrainingWrongChunk(uint256 chunk);
    /// @notice The commitments of the group are not the model's.
    error TrainingWrongGroup(uint256 group);
    error TrainingWrongLength();
    /// @notice A place that no contributor has carries a value.
    error TrainingPaddingValue(uint256 index);
    /// @notice Identity (1): the batches of this contributor do not make its committed gradient.
    error TrainingWrongGradient(uint256 contributor);
    /// @notice Identity (2): the gradients do not add up to λW + R, so W is not the optimum.
    error TrainingWrongOptimum();
    /// @notice Identity (3): the batches do not make the committed A.
    error TrainingWrongMoments();

    event TrainingBegun(ModelId indexed model, uint256 round, uint256 commitV, bytes32 seed);
    event TrainingAdvanced(ModelId indexed model, uint256 round, uint256 proven, uint256 remaining);
    event TrainingProven(ModelId indexed model, uint256 round);

    /// @notice Declares the commitment of v = W(·, ρ2) and starts the proof. The model's operator only. Until
    /// the model is proven it can be begun anew, say because `commitV` was wrong; what was proven until then
    /// is dropped.
    function begin(ModelId model, uint256 commitV) external;

    /// @notice Proves any of the statements that are missing, all of them in one batch: one wrong proof, and
    /// none counts. The call that brings the last one checks the identities, and reverts with the one that
    /// fails.
    /// @param modelProof none or one
    function prove(
        ModelId model,
        SampleChunk[] calldata chunks,
        ContributorsProof[] calldata groups,
        ModelProof[] calldata modelProof
    ) external;

    function progress(ModelId model) external view returns (Progress memory);

    /// @notice Whether the `samples` statement of the model's batch `batchIndex` is proven, in the round that
    /// was begun last.
    function sampleProven(ModelId model, uint256 batchIndex) external view returns (bool);

    /// @notice keccak256(abi.encode("quittance.training", chain id, this contract, model, rootsHash)).
    function seedOf(ModelId model) external view returns (bytes32);

    /// @notice ρ_i = uint256(keccak256(abi.encode(seed, i))) >> 8 for i = 1, 2, 3: always field elements.
    function challengesOf(bytes32 seed) external pure returns (uint256[3] memory);

    /// @notice ⌈(dimension · 2^14 · samples + λ) / 2⌉, which no rounding of W to integers needs to exceed.
    function residualBound(uint256 samples, uint256 lambda) external view returns (uint256);
}
