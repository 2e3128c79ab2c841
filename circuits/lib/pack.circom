pragma circom 2.1.0;

include "./range.circom";

// How many signed values of this width one element takes: 252 bits, below the field's order.
function packedPerElement(bits) {
    return 252 \ bits;
}

// How many elements n values take.
function packedLength(n, perElement) {
    return (n + perElement - 1) \ perElement;
}

/*
 * Packs n signed values, each of which it range-checks: element e =
 * Σ_i (v_{e·perElement+i} + 2^(bits-1))·2^(bits·i). A missing tail adds nothing.
 *
 * perElement·bits <= 252, so an element is below 2^252 < p: it does not wrap around, and has one reading
 * only.
 *
 * NOTE: the values are checked here, once. Whoever commits through this template need not check them again.
 */
template PackSigned(n, bits, perElement) {
    signal input in[n]; // constrained to `bits` bits, signed
    signal output out[packedLength(n, perElement)]; // bits·perElement bits, unsigned, constrained

    assert(bits >= 1 && bits * perElement <= 252);

    for (var i = 0; i < n; i++) SignedRange(bits)(in[i]);
    out <== Pack(n, bits, perElement)(in);
}

/*
 * The packing alone.
 *
 * NOTE: an element has one reading only if every value is in its range, which the caller must have
 * constrained.
 */
template Pack(n, bits, perElement) {
    signal input in[n]; // assumed `bits` bits, signed
    signal output out[packedLength(n, perElement)]; // bits·perElement bits, unsigned, constrained

    assert(bits >= 1 && bits * perElement <= 252);

    // Powers step by step: the witness generator would work a ** out anew for every value.
    var step = 2**bits;
    var half = 2**(bits - 1);
    for (var e = 0; e < packedLength(n, perElement); e++) {
        var sum = 0;
        var weight = 1; // 2^(bits·i)
        for (var i = 0; i < perElement; i++) {
            var at = e * perElement + i;
            if (at < n) sum += (in[at] + half) * weight;
            weight *= step;
        }
        out[e] <== sum;
    }
}
