int in_header_plain(int x);
async int in_header(int x);
static inline int whole(int x)
{
    await bide_yield();
    return x;
}
