pragma circom 2.1.0;

include "./lib/pack.circom";
include "./lib/product.circom";
include "./lib/record.circom";
include "./lib/sponge.circom";

/*
 * The same content stands in two places of the registered batches. Proves
 *   1. each root is the sponge of a batch's leaves;
 *   2. the leaf at a place of the earlier batch, and the leaf at a place of the later one, are leaves of
 *      samples (weight 1) with one and the same content digest;
 *   3. if the two roots are one, the two places are not.
 *
 * The leaves of a root are unique up to collisions of the hash, so equal roots mean the same list, and two
 * places of it are two records. Padding has weight 0 and is never a duplicate.
 *
 * `challenger` is bound to the proof by row 4: whoever sees the proof cannot send it in another name.
 *
 * NOTE: says nothing about which batch is the earlier one, nor whose they are: the verifier takes the roots
 * from its own state. Features, class and salt of the records are opaque here (any field elements that hash
 * to the leaf), because nothing but the digest matters; two contents with different digests are different,
 * however alike they are.
 */
template Duplicate(d, records) {
    signal input rootEarlier; // public; field element
    signal input rootLater; // public; field element
    signal input challenger; // public; any field element
    signal input leaves[2][records]; // any field elements; earlier, then later
    signal input place[2]; // constrained to 0 … records-1
    signal input digest; // any field element; of both records
    signal input packed[2][packedLength(d, 31)]; // any field elements
    signal input klass[2]; // any field element
    signal input salt[2]; // any field element

    var length = packedLength(d, 31);

    // 1. the batches
    signal openedEarlier <== Sponge(records, typeBatch())(leaves[0]);
    rootEarlier === openedEarlier;
    signal openedLater <== Sponge(records, typeBatch())(leaves[1]);
    rootLater === openedLater;

    // 2. the records
    signal isAt[2][records];
    signal list[2][length + 4];
    signal opened[2];
    signal found[2];
    for (var s = 0; s < 2; s++) {
        isAt[s] <== OneHot(records)(place[s]);
        found[s] <== InnerProduct(records)(leaves[s], isAt[s]);
        for (var e = 0; e < length; e++) list[s][e] <== packed[s][e];
        list[s][length] <== klass[s];
        list[s][length + 1] <== digest;
        list[s][length + 2] <== salt[s];
        list[s][length + 3] <== 1;
        opened[s] <== Hash(length + 4)(list[s]);
        found[s] === opened[s];
    }

    // 3. two places: where the roots differ by 0, no multiple of that is 1
    signal samePlace <== InnerProduct(records)(isAt[0], isAt[1]);
    signal factor;
    factor <-- rootEarlier == rootLater ? 0 : samePlace / (rootEarlier - rootLater); // constrained below
    factor * (rootEarlier - rootLater) === samePlace;

    // 4. the challenger
    signal bound <== challenger * digest;
}
