/*
 * The warning of large frames, -Wbide-frame-larger-than=N. Only the target's compiler knows how
 * large a frame is, so the warning comes when the compiler is done: the records of the frames
 * (object/) are read from the object or the program that the command has made. If they are not
 * there, because the command made an assembly file, code for -flto, or nothing, the generated text
 * is compiled once more, into the private folder and without optimization, which changes no frame.
 */
#include "inside.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char option[] = "bide-frame-larger-than=";

enum { NOTES_MAX = 3, NOTE_SHARE = 16 }; /* a member must be 1/16 of the frame to be named */

/* ---- sizes ---- */

static bool is_regular(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The file that the command has made of the job's file, if it can be read; or NULL. */
static const char *output_of(const struct command *cmd, const struct job *job)
{
    const char *path = cmd->output;
    if (cmd->mode != MODE_COMPILE && cmd->mode != MODE_LINK)
        return NULL;
    if (!path)
        path = cmd->mode == MODE_LINK ? "a.out" : command_object(cmd, job->input);
    return is_regular(path) ? path : NULL;
}

static const struct size_function *find_sizes(const struct list *functions,
                                              const struct frame_info *info)
{
    const struct size_function *found = NULL;
    for (uint32_t i = 0; i < functions->count; i++) {
        const struct size_function *f = functions->item[i];
        if (f->line == info->line && !strcmp(f->name, info->name) && !strcmp(f->file, info->file) &&
            (!found || f->frame > found->frame))
            found = f;
    }
    return found;
}

static bool has_any(const struct job *job, const struct list *functions)
{
    for (uint32_t i = 0; i < job->emitted.frames.count; i++)
        if (find_sizes(functions, job->emitted.frames.item[i]))
            return true;
    return false;
}

/* Compiles the generated text as the command does, without the words that leave other files. */
static struct list measure(const struct command *cmd, const struct job *job)
{
    struct process p = compiler_process(cmd);
    struct list functions = {0};
    const char *object = temp_path(cmd->arena, "measured.o");
    p.catch_out = p.catch_err = true;
    command_add_common(cmd, &p);
    const char *last[] = {"-w", "-O0", "-fno-lto", "-c", "-o", object};
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        argv_add(&p, last[i]);
    command_add_input(job->input, &p, job->input->generated);
    if (process_run(&p) == 0)
        size_read_frames(cmd->arena, object, &functions);
    else
        diag_plain(SEV_WARNING, "the frames of '%s' cannot be measured", job->input->value);
    buffer_free(&p.out);
    buffer_free(&p.err);
    return functions;
}

/* ---- messages ---- */

static const struct frame_part *find_part(const struct frame_info *info, const char *name)
{
    for (uint32_t i = 0; i < info->parts.count; i++) {
        const struct frame_part *part = info->parts.item[i];
        if (!strcmp(part->name, name))
            return part;
    }
    return NULL;
}

static void note_members(struct unit *unit, const struct frame_info *info,
                         const struct size_function *f)
{
    for (uint32_t i = 0; i < f->members.count && i < NOTES_MAX; i++) {
        const struct size_member *m = f->members.item[i];
        const struct frame_part *part = find_part(info, m->name);
        if (!part || m->size < f->frame / NOTE_SHARE)
            continue;
        if (part->is_slot)
            diag(unit, SEV_NOTE, part->token, "%s this await has %u bytes of it",
                 part->type ? "the result of" : "what is kept for", m->size);
        else
            diag(unit, SEV_NOTE, part->token, "'%s' of type '%s' has %u bytes of it", m->name,
                 m->type, m->size);
    }
}

static void check_frame(struct unit *unit, const struct frame_info *info,
                        const struct size_function *f)
{
    uint64_t limit = warning_limit(unit, option, info->token);
    if (!f || f->frame <= limit)
        return;
    const char *whose = info->is_named ? arena_printf(unit->arena, "of '%s'", info->name)
                                       : "of this async block or branch";
    diag_range(unit, SEV_WARNING, info->token, info->token, option,
               "the frame %s has %u bytes, more than %llu", whose, f->frame,
               (unsigned long long)limit);
    note_members(unit, info, f);
}

bool wants_frames(const struct job *job)
{
    return warning_is_mentioned(job->unit, option) && job->emitted.frames.count;
}

static int check_job(const struct command *cmd, struct job *job)
{
    struct unit *unit = job->unit;
    struct list functions = {0};
    const char *output = output_of(cmd, job);
    if (!wants_frames(job))
        return 0;
    if (output)
        size_read_frames(cmd->arena, output, &functions);
    if (!has_any(job, &functions))
        functions = measure(cmd, job);
    for (uint32_t i = 0; i < job->emitted.frames.count; i++)
        check_frame(unit, job->emitted.frames.item[i],
                    find_sizes(&functions, job->emitted.frames.item[i]));
    diag_flush(unit);
    if (unit->error_count && output) /* the driver does not know of a.out */
        unlink(output);
    return unit->error_count != 0;
}

int check_frames(struct command *cmd, struct list *jobs)
{
    int status = 0;
    for (uint32_t i = 0; i < jobs->count; i++)
        status |= check_job(cmd, jobs->item[i]);
    return status;
}
