pragma circom 2.1.0;

include "./pack.circom";
include "./poseidon.circom";

/*
 * The leaf of a record: Hash(packed features…, class, digest, salt, weight), with
 *   - every feature an int8 (PackSigned), 31 to an element: 248 bits;
 *   - the class given as one-hot digits, which are constrained: klass in 0 … m-1.
 *
 * NOTE: weight is not checked here (a sample's is 1, a fee has its own width), digest and salt are opaque.
 * That the features are those of the digest's content is not proven by any circuit: the backbone is
 * reproducible instead.
 */
template RecordLeaf(d, m) {
    signal input features[d]; // constrained to 8 bits, signed
    signal input klass; // constrained to 0 … m-1
    signal input digest; // any field element
    signal input salt; // any field element
    signal input weight; // assumed to be checked by the caller
    signal output isClass[m]; // 1 bit each, exactly one is 1, constrained
    signal output leaf; // field element, constrained

    var length = packedLength(d, 31);
    signal packed[length] <== PackSigned(d, 8, 31)(features);

    isClass <== OneHot(m)(klass);

    signal list[length + 4];
    for (var e = 0; e < length; e++) list[e] <== packed[e];
    list[length] <== klass;
    list[length + 1] <== digest;
    list[length + 2] <== salt;
    list[length + 3] <== weight;
    leaf <== Hash(length + 4)(list);
}

/* out[k] = 1 for k = in and 0 elsewhere; in lies in 0 … m-1, or no digits satisfy all three claims. */
template OneHot(m) {
    signal input in; // field element; constrained to 0 … m-1
    signal output out[m]; // 1 bit each, exactly one is 1, constrained

    var count = 0;
    var index = 0;
    for (var k = 0; k < m; k++) {
        out[k] <-- in == k ? 1 : 0; // constrained by the next line and by the two sums
        out[k] * (out[k] - 1) === 0;
        count += out[k];
        index += k * out[k];
    }
    count === 1;
    index === in;
}
