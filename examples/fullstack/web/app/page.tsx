/** The only public page. */
export default function Home() {
  return (
    <>
      <h1>Tasks</h1>
      <p>
        Better Auth signs you in, FastAPI holds your tasks, and the edge between them proves who is
        calling.
      </p>
      <p>
        <a href="/sign-in">Sign in</a> or <a href="/sign-up">sign up</a>.
      </p>
    </>
  );
}
