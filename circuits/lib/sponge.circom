pragma circom 2.1.0;

include "./poseidon.circom";

// What a sponge's list is.
function typeBatch() { return 1; }
function typeReceipts() { return 2; }
function typeW() { return 3; }
function typeA() { return 4; }
function typeG() { return 5; }
function typeQ() { return 6; }
function typeY() { return 7; }
function typeR() { return 8; }
function typeV() { return 9; }

/*
 * out = sponge(in): the hash of a list of n field elements, in chunks of 15.
 *
 *     st_0 = type·2^32 + n,   st_{i+1} = Hash(st_i, 15 elements),   zero padded,   out = the last st
 *
 * The first state binds type and length, so that zero padding cannot make two lists equal, nor two kinds of
 * lists.
 *
 * NOTE: does not say what the elements are; whoever packs values into them checks their ranges.
 */
template Sponge(n, type) {
    signal input in[n]; // any field elements
    signal output out; // field element, constrained

    assert(n >= 1 && n < 2**32 && type >= 1 && type < 2**32);
    var chunks = (n + 14) \ 15;

    signal states[chunks + 1];
    states[0] <== type * 2**32 + n;

    component hash[chunks];
    for (var c = 0; c < chunks; c++) {
        hash[c] = Hash(16);
        hash[c].in[0] <== states[c];
        for (var i = 0; i < 15; i++) {
            if (15*c + i < n) {
                hash[c].in[i + 1] <== in[15*c + i];
            } else {
                hash[c].in[i + 1] <== 0;
            }
        }
        states[c + 1] <== hash[c].out;
    }
    out <== states[chunks];
}
