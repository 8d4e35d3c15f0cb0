"""Why a request failed and what to do now: free evidence first, then a ladder of paid rungs where asked."""
