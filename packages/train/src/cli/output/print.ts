/** Resolves when the text has left this process, to whether anybody reads: one that has gone (`| head`) is no failure. */
export function print(text: string | Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EPIPE') resolve(false);
      else reject(error);
    };
    process.stdout.once('error', onError);
    process.stdout.write(text, (error) => {
      // The event, which comes later, still needs the listener.
      if (!error) process.stdout.off('error', onError);
      resolve(!error);
    });
  });
}
