pragma circom 2.1.0;

include "./pack.circom";
include "./range.circom";
include "./sponge.circom";

/*
 * out = the commitment of n signed values of `bits` bits: the sponge of the packed values and the salt.
 * Each value is range-checked (PackSigned), so a commitment has one opening up to collisions of the hash.
 *
 * NOTE: hiding rests on the salt being random and secret, which no circuit can show.
 */
template CommitSigned(n, bits, type) {
    signal input in[n]; // constrained to `bits` bits, signed
    signal input salt; // any field element
    signal output out; // field element, constrained

    var perElement = packedPerElement(bits);
    var length = packedLength(n, perElement);

    signal packed[length] <== PackSigned(n, bits, perElement)(in);
    signal list[length + 1];
    for (var e = 0; e < length; e++) list[e] <== packed[e];
    list[length] <== salt;
    out <== Sponge(length + 1, type)(list);
}

/*
 * The same for values of which more is claimed than their width: |in| <= bound, bound below 2^(bits-1).
 *
 * bound + in ≡ x and bound − in ≡ y for integers x and y in [0, 2^bits). Then x + y ≡ 2·bound, and both
 * sides are integers below 2^(bits+1) < p, so x + y = 2·bound and 0 <= x <= 2·bound: in is the residue of
 * the integer x − bound in [-bound, bound]. That is narrower than `bits` bits, which is what packing needs.
 * Both ranges are needed: one of them alone bounds `in` on one side.
 */
template CommitBounded(n, bits, type) {
    signal input in[n]; // constrained to -bound … bound, hence to `bits` bits, signed
    signal input salt; // any field element
    signal input bound; // constrained to bits - 1 bits, unsigned
    signal output out; // field element, constrained

    assert(bits >= 2 && bits <= 250);
    var perElement = packedPerElement(bits);
    var length = packedLength(n, perElement);

    UnsignedRange(bits - 1)(bound);
    for (var i = 0; i < n; i++) {
        UnsignedRange(bits)(bound - in[i]);
        UnsignedRange(bits)(bound + in[i]);
    }

    signal packed[length] <== Pack(n, bits, perElement)(in);
    signal list[length + 1];
    for (var e = 0; e < length; e++) list[e] <== packed[e];
    list[length] <== salt;
    out <== Sponge(length + 1, type)(list);
}

/*
 * out = the commitment of n field elements as they are: the sponge of the values and the salt.
 *
 * NOTE: nothing is range-checked. Used for G, which the proof of training determines exactly, and for the
 * vector v of that proof, which lies anywhere in the field.
 */
template CommitPlain(n, type) {
    signal input in[n]; // any field elements
    signal input salt; // any field element
    signal output out; // field element, constrained

    signal list[n + 1];
    for (var i = 0; i < n; i++) list[i] <== in[i];
    list[n] <== salt;
    out <== Sponge(n + 1, type)(list);
}
