pragma circom 2.1.0;

/*
 * in + offset lies in [0, 2^n), and `bits` are its binary digits, least significant first.
 *
 * n <= 252 and p > 2^253: Σ bits·2^i < 2^252 < p, so the sum cannot wrap around, the digits are unique, and
 * a value outside the range (read as any integer congruent to it) has none.
 *
 * NOTE: `in` is a residue. That it is "the integer" v with v + offset in [0, 2^n) is what this template
 * establishes; two integers congruent modulo p are one to it, so sums of checked values must be bounded by
 * whoever forms them.
 */
template Bits(n, offset) {
    signal input in; // field element; constrained to [-offset, 2^n - offset)
    signal output bits[n]; // 1 bit each, constrained

    assert(n >= 1 && n <= 252 && offset >= 0 && offset < 2**252);

    var sum = 0;
    var power = 1; // 2^i: the witness generator would work a ** out anew for every bit
    for (var i = 0; i < n; i++) {
        bits[i] <-- ((in + offset) >> i) & 1; // constrained to 0 or 1 here, to these digits by the sum
        bits[i] * (bits[i] - 1) === 0;
        sum += bits[i] * power;
        power += power;
    }
    sum === in + offset;
}

/* in lies in [0, 2^n). */
template UnsignedRange(n) {
    signal input in; // field element; constrained to n bits, unsigned

    signal bits[n] <== Bits(n, 0)(in);
}

/* in lies in [-2^(n-1), 2^(n-1)). */
template SignedRange(n) {
    signal input in; // field element; constrained to n bits, signed

    signal bits[n] <== Bits(n, 2**(n - 1))(in);
}

/* in lies in [-2^(n-1), 2^(n-1)); out = max(0, in): the top digit of in + 2^(n-1) says in >= 0. */
template Positive(n) {
    signal input in; // field element; constrained to n bits, signed
    signal output out; // n - 1 bits, unsigned, constrained

    signal bits[n] <== Bits(n, 2**(n - 1))(in);
    out <== bits[n - 1] * in;
}
