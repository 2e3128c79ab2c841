pragma circom 2.1.0;

/*
 * out = Σ a_i·b_i, in n rows (the last product stands in the row of the sum).
 *
 * NOTE: in the field. That the integers' sum does not wrap around is argued where this is used.
 */
template InnerProduct(n) {
    signal input a[n]; // any field elements
    signal input b[n]; // any field elements
    signal output out; // field element, constrained

    assert(n >= 2);
    signal products[n - 1];
    var sum = 0;
    for (var i = 0; i < n - 1; i++) {
        products[i] <== a[i] * b[i];
        sum += products[i];
    }
    out <== a[n - 1] * b[n - 1] + sum;
}
