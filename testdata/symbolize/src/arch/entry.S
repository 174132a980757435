/* Lines, but no entry in .debug_info: what is no function for the assembler. */
	.text
	.globl entry_code
entry_code:
	nop
	nop
	nop
	nop
	.size entry_code, . - entry_code
	.balign 16
	.globl entry_end
entry_end:
	nop
	nop
