/** The entry of the dashboard: theme before the first paint, one live stream, then the app. */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { App } from './app.tsx';
import { startTheme } from './components/theme.ts';
import { ApiFailure } from './data/api.ts';
import { connectLive } from './data/live.ts';
import { tellWhenOnline } from './data/online.ts';
import './styles/app.css';

startTheme();
connectLive();
tellWhenOnline();

const retriesMax = 2;
const client = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal does not get better by asking again; a silence may.
      retry: (count, error) =>
        count < retriesMax && !(error instanceof ApiFailure && error.status >= 400 && error.status < 500),
      retryDelay: 1_000,
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has the root element');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
