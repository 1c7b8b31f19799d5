/** The only public page. */
export default function Home() {
  return (
    <>
      <h1>Tasks</h1>
      <p>
        Better Auth signs you in, FastAPI stores your tasks, and the edge between them proves your
        identity.
      </p>
      <p>
        <a href="/sign-in">Sign in</a> or <a href="/sign-up">sign up</a>.
      </p>
    </>
  );
}
