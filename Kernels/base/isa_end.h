// No include guard: ends what isa_begin_*.h began.
#pragma clang attribute pop
