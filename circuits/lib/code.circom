pragma circom 2.1.0;

include "./range.circom";

// Σ_j words[k][j]²
function squaredNorm(words, k, m) {
    var sum = 0;
    for (var j = 0; j < m; j++) sum += words[k][j] * words[k][j];
    return sum;
}

// 1 if all words are equally long, else 0.
function isEquallyLong(words, classes, m) {
    var equal = 1;
    for (var k = 1; k < classes; k++) {
        if (squaredNorm(words, k, m) != squaredNorm(words, 0, m)) equal = 0;
    }
    return equal;
}

// The largest Σ_j |words[k][j]| of a word, or the largest |words[k][j]| if `entry` is 1.
function largest(words, classes, m, entry) {
    var most = 0;
    for (var k = 0; k < classes; k++) {
        var sum = 0;
        for (var j = 0; j < m; j++) {
            var size = words[k][j] < 0 ? -words[k][j] : words[k][j];
            sum = entry == 1 ? (size > sum ? size : sum) : sum + size;
        }
        if (sum > most) most = sum;
    }
    return most;
}

// Bounds the absolute value of a lead in BestFit for scores of at most `bound`.
function leadBound(words, classes, m, scaleBits, bound) {
    var distance = 2 * largest(words, classes, m, 0); // >= Σ_j |word_j − word'_j|
    if (isEquallyLong(words, classes, m) == 1) return distance * bound;
    var longest = largest(words, classes, m, 0) * largest(words, classes, m, 1); // >= |word|²
    return 2 * distance * bound + 2**scaleBits * longest;
}

/*
 * word = the code word of the marked class, Σ_k isClass_k·words[k]: a linear expression an output, for the
 * words are constants.
 */
template CodeWord(classes, m, words) {
    signal input isClass[classes]; // assumed one-hot
    signal output word[m]; // one of the words, constrained

    for (var j = 0; j < m; j++) {
        var sum = 0;
        for (var k = 0; k < classes; k++) sum += words[k][j] * isClass[k];
        word[j] <== sum;
    }
}

/*
 * out = Σ_j word_j·x^j for the code word of the marked class, by Horner's rule from the highest power down.
 * The word itself never becomes a signal: it stands in the rows' linear part, so this takes m rows.
 *
 * NOTE: in the field; see Polynomial.
 */
template CodePolynomial(classes, m, words) {
    signal input isClass[classes]; // assumed one-hot
    signal input x; // any field element
    signal output out; // field element, constrained

    assert(m >= 2);
    signal partial[m]; // partial[j] = Σ_{i >= j} word_i·x^(i-j)
    for (var j = m - 1; j >= 0; j--) {
        var sum = 0;
        for (var k = 0; k < classes; k++) sum += words[k][j] * isClass[k];
        if (j == m - 1) {
            partial[j] <== sum;
        } else {
            partial[j] <== sum + x * partial[j + 1];
        }
    }
    out <== partial[0];
}

/*
 * The marked class' word is one nearest to the scores s, of which 2^scaleBits stands for 1:
 *
 *     fit_k = 2·⟨words[k], s⟩ − 2^scaleBits·|words[k]|²     is largest at the marked class,
 *
 * for |s − 2^S·word|² = |s|² − 2^S·fit. Where all words are equally long ⟨words[k], s⟩ says the same, with
 * one bit less. Each lead, fit_marked − fit_k, is shown to lie in [0, 2^bits).
 *
 * A lead is at most 2·Σ_j |word_j − words[k][j]|·|s_j| + 2^S·||word|² − |words[k]|²| in absolute value, an
 * integer. The caller sees to it that this is below 2^bits <= 2^251 < p/2 (leadBound): then a residue lies in
 * [0, 2^bits) only if the integer is not negative.
 *
 * NOTE: *a* nearest one. Among equally near words the prover may choose.
 */
template BestFit(classes, m, words, scaleBits, bits) {
    signal input scores[m]; // assumed signed, bounded as above
    signal input isClass[classes]; // assumed one-hot
    signal input word[m]; // assumed the marked class' word

    assert(bits <= 251);

    var equal = isEquallyLong(words, classes, m);
    var factor = equal == 1 ? 1 : 2;
    var lengthFactor = equal == 1 ? 0 : 2**scaleBits;

    signal products[m];
    var fit = 0;
    for (var j = 0; j < m; j++) {
        products[j] <== word[j] * scores[j];
        fit += factor * products[j];
    }
    for (var k = 0; k < classes; k++) fit -= lengthFactor * squaredNorm(words, k, m) * isClass[k];
    signal marked <== fit;

    signal leads[classes];
    for (var k = 0; k < classes; k++) {
        var other = 0;
        for (var j = 0; j < m; j++) other += factor * words[k][j] * scores[j];
        other -= lengthFactor * squaredNorm(words, k, m);
        leads[k] <== marked - other;
        UnsignedRange(bits)(leads[k]);
    }
}
