# Precompiled headers are made as usual; an async file reads the text of the header instead.
set -eu
plain

. "$SRC/tests/harness/driver-cases"

suffix=gch
[ -z "$is_clang" ] || suffix=pch
cat >src/all.h <<'END'
#include <bide/bide.h>
#include <stdio.h>
struct pair { int a, b; };
async int second(struct pair p);
#define FORTY 40
END
cat >src/user.c <<'END'
async int second(struct pair p)
{
    await bide_yield();
    return p.b;
}
async int main(void)
{
    printf("%d\n", FORTY + await second((struct pair){1, 2}));
    return 0;
}
END
echo '#include "all.h"' | cat - src/user.c >src/first.c
echo 'int plain_file(void) { return FORTY + (int)sizeof(struct pair); }' >src/plain_user.c

begin "a precompiled header is made, and async and plain files are compiled with it"
silent $cc -x c-header all.h -o all.h.$suffix
exists all.h.$suffix
silent $cc -c user.c plain_user.c -include all.h
silent $cc user.o -o user
says 42 ./user
silent $cc -Winvalid-pch -include all.h user.c -o user
says 42 ./user
silent $cc first.c -o first
says 42 ./first
end

begin "plain files do read the precompiled header"
silent $cc -x c-header all.h -o all.h.$suffix
if [ -z "$is_clang" ]; then # clang checks whether the header has changed
    echo '#error not to be read' >all.h
fi
silent $cc -c -include all.h plain_user.c
end

begin "from a .h file without -x"
silent $cc all.h
exists all.h.gch
end

if [ -z "$is_clang" ]; then
    begin "only the precompiled form is on the path"
    mkdir made src
    mv all.h src
    silent $cc -x c-header src/all.h -o made/all.h.gch
    silent $cc -Imade -include all.h user.c plain_user.c -o user
    says 42 ./user
    rm src/all.h
    silent $cc -Imade -include all.h -c plain_user.c
    refused $cc -Imade -include all.h -c user.c
    has err "all.h: No such file"
    end
fi

begin "an error in an async file"
silent $cc -x c-header all.h -o all.h.$suffix
sed -i 's/p.b/p.c/' user.c
refused $cc -c -include all.h user.c
has err "user.c:4:.*error: "
has_not err internal
end

if [ -n "$is_clang" ]; then
    begin "-include-pch"
    silent $cc -x c-header all.h -o all.pch
    silent $cc -x c-header all.h -o all.h.pch
    silent $cc -include-pch all.pch user.c -o user
    says 42 ./user
    silent $cc -include-pch all.h.pch user.c -o user
    says 42 ./user
    end

    begin "-include-pch in another folder than the header"
    mkdir made
    silent $cc -x c-header all.h -o made/all.h.pch
    silent $cc -include-pch made/all.h.pch user.c -o user
    says 42 ./user
    end

    begin "with the options that CMake uses"
    echo '#pragma once' | cat - all.h >once.h
    silent $cc -w -x c-header once.h -o once.h.pch
    silent $cc -Xclang -include-pch -Xclang once.h.pch -Xclang -include -Xclang once.h user.c \
        -o user
    says 42 ./user
    end

    begin "-include-pch whose header cannot be found"
    mv all.h other.h
    silent $cc -x c-header other.h -o some.pch
    refused $cc -include-pch some.pch -c user.c
    has err "error: 'some.pch' is a precompiled header, and there is no 'some'; bide needs"
    silent $cc -include-pch some.pch -c plain_user.c
    end
fi
