package pcsc

// What T=0 wants otherwise.

// withoutLe takes the length of the answer off a short command that carries data:
// T=0 moves data one way per command, and the card announces its answer by 61xx.
func withoutLe(command []byte) []byte {
	if len(command) > 5 && command[4] != 0 && len(command) == 6+int(command[4]) {
		return command[:len(command)-1]
	}
	return command
}
