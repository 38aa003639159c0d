// The interpreter of syscall lists, arm64. Its bytes stand in machine-code.ts; a test assembles this and compares.
// What a slot and a record are: interpreter-x64.s. A syscall changes x0 alone.
        .text

// long launch(void *slot)
launch:
        mov     x9, x0
        add     x0, x9, 64
        mov     x1, 88
        mov     x8, 435                 // clone3
        svc     0
        cbz     x0, interpret
        ret

// x9: the slot
interpret:
        mov     x19, x9
        mov     x0, 1                   // CLOCK_MONOTONIC
        add     x1, x19, 32
        mov     x8, 113                 // clock_gettime
        svc     0
        ldr     x20, [x19]

        .macro  argument number
        tbz     w21, 2 * \number, 1f
        add     x\number, x\number, x19
        tbz     w21, 2 * \number + 1, 1f
        ldr     x\number, [x\number]
1:
        .endm

next:
        ldrh    w21, [x20, 2]
        ldp     x0, x1, [x20, 16]
        ldp     x2, x3, [x20, 32]
        ldp     x4, x5, [x20, 48]
        argument 0
        argument 1
        argument 2
        argument 3
        argument 4
        argument 5
        ldrh    w22, [x20, 4]
        ldrh    w8, [x20]
        mov     w9, 0xf000
        subs    w9, w8, w9
        bhs     pseudo
        svc     0
        cbnz    x0, store
        tbnz    w22, 2, follow          // the child of a fork leaves the result to its parent
store:
        mov     x23, x0
        str     x23, [x20, 64]
        mov     x0, 1
        add     x1, x20, 72
        mov     x8, 113
        svc     0
        cmn     x23, 4095
        bhs     failed
        tbnz    w22, 2, skip
        cbnz    x23, follow
        tbz     w22, 0, follow
        b       fatal
failed:
        neg     x23, x23
        tbnz    w22, 1, follow
        ldrh    w9, [x20, 8]
        cmp     w9, w23
        beq     skip
        ldrh    w9, [x20, 10]
        cmp     w9, w23
        beq     skip
        ldrh    w9, [x20, 12]
        cmp     w9, w23
        beq     skip
        ldrh    w9, [x20, 14]
        cmp     w9, w23
        beq     skip
fatal:
        sub     x9, x20, x19
        stp     x9, x23, [x19, 16]
        ldr     x20, [x19, 8]
        str     xzr, [x19, 8]
        cbnz    x20, next
        mov     x0, 125
        mov     x8, 94                  // exit_group
        svc     0
skip:
        ldrh    w9, [x20, 6]
        mov     w10, 96
        umaddl  x20, w9, w10, x20
follow:
        add     x20, x20, 96
        b       next

pseudo:
        cmp     w9, 1
        blo     set
        beq     compare
        mov     x20, x0                 // 0xf002: jump
        b       next
set:                                    // 0xf000: a word
        str     x1, [x0]
        mov     x0, 0
        b       store
compare:                                // 0xf001: a word under a mask with a value; differs: this errno
        ldr     x9, [x0]
        and     x9, x9, x1
        mov     x0, 0
        cmp     x9, x2
        beq     store
        neg     x0, x3
        b       store

// long thread_pointer(void)
thread_pointer:
        mrs     x0, tpidr_el0
        ret
