/** The agents of the flood: quick work, an honest look. */

export const work = ({ input }) => ({ output: { square: input.n ** 2 } });
export const judge = ({ input, output }) => ({
  verdict: output.square === input.n ** 2 ? "pass" : "fail",
});
